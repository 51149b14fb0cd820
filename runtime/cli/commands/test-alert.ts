import { Option, type Command } from 'commander';
import { DESTINATION_KINDS, type DestinationKind } from '../../../model';
import { usageError } from '../../errors';
import { testNotice } from '../../notify/notice';
import type { Answer } from '../answer';
import type { CommandRun } from '../execute';
import { examples, EXIT_CODES_HELP, PLACES_HELP } from '../help-text';
import { addSharedOptions, SHORT_RUN } from '../options/shared-options';
import { nonEmpty } from '../options/values';

interface TestAlertOptions {
  readonly destination?: DestinationKind;
  readonly addressSecret?: string;
}

export function describeTestAlert(parent: Command): Command {
  const command = parent
    .command('test-alert')
    .summary('send a test message to where alarms are posted')
    .description(
      'Sends a test message to Slack, Discord, Microsoft Teams or a webhook, in the way in which alarms are posted there. That\n' +
        'alarms reach the function that posts is tried by putting one into the state of alarm: see docs/notifications.md.',
    )
    .optionsGroup('Where to:')
    .addOption(new Option('--destination <kind>', 'what is posted to').choices(DESTINATION_KINDS))
    .addOption(
      new Option('--address-secret <name>', 'Secrets Manager secret with the webhook’s address: ARN or name').argParser(
        nonEmpty,
      ),
    );
  addSharedOptions(command, { deadline: SHORT_RUN, documents: ['postgres-backup/notification/1'] });
  return command
    .addHelpText('after', PLACES_HELP)
    .addHelpText(
      'after',
      examples(
        'postgres-backup test-alert --vault s3://acme-vault --source orders --destination slack --address-secret acme/slack',
      ),
    )
    .addHelpText('after', EXIT_CODES_HELP);
}

/** Nothing in the vault is looked at; the message names it, for whoever reads it. */
export async function testAlert({ command, dependencies, source, store, now }: CommandRun): Promise<Answer> {
  const { destination: kind, addressSecret: secret } = command.opts<TestAlertOptions>();
  if (kind === undefined)
    throw usageError('no destination is given', `Give --destination ${DESTINATION_KINDS.join('|')}.`);
  if (secret === undefined) {
    throw usageError(
      'no secret with an address is given',
      'Give --address-secret NAME. The address itself is never an argument: others on the machine would see it.',
    );
  }
  await dependencies.sendNotice(testNotice(source, store.uri, kind, now()), { kind, secret });
  const summary = `${kind} took the test message: look whether it is there`;
  const document = { format: 'postgres-backup/notification/1', outcome: 'passed', source, destination: kind };
  return {
    outcome: 'passed',
    summary,
    lines: () => [summary],
    document,
  };
}
