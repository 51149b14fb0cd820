/** Sends one notice to one destination, in the form that is read there. */
import type { Destination, DestinationKind } from '../../model';
import type { ReadSecret } from '../postgres/secrets-manager';
import { discordBody } from './discord';
import type { Notice } from './notice';
import { postJson, type PostLimits } from './post';
import { slackBody } from './slack';
import { teamsBody } from './teams';
import { parseWebhookAddress } from './webhook-address';
import { webhookBody } from './webhook';

const BODIES: Readonly<Record<DestinationKind, (notice: Notice) => object>> = {
  slack: slackBody,
  discord: discordBody,
  teams: teamsBody,
  webhook: webhookBody,
};

/** @throws BackupError when the secret cannot be read, holds no address, or the message was not taken. */
export async function sendNotice(
  notice: Notice,
  { kind, secret }: Destination,
  readSecret: ReadSecret,
  limits?: PostLimits,
): Promise<void> {
  const address = parseWebhookAddress(await readSecret(secret), secret);
  await postJson(address, BODIES[kind](notice), kind, limits);
}
