/** How Amazon RDS is asked: with limits to every wait, and with words of ours for what it refuses. */
import type { RDSClient } from '@aws-sdk/client-rds';
import { BackupError } from '../errors';

const CONNECTION_TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 15_000;
const ATTEMPTS = 4;

/** The region, the credentials and, for tests, the endpoint are those of the environment. */
export async function openRdsClient(): Promise<RDSClient> {
  const { RDSClient } = await import('@aws-sdk/client-rds');
  return new RDSClient({
    maxAttempts: ATTEMPTS,
    requestHandler: { connectionTimeout: CONNECTION_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS },
  });
}

/** The names of the errors that say that there is no such database. */
const NOT_THERE: readonly string[] = ['DBInstanceNotFoundFault', 'DBClusterNotFoundFault'];

export function isNotThere(thrown: unknown): boolean {
  return thrown instanceof Error && NOT_THERE.includes(thrown.name);
}

/** Why it could not be found out how a database stands. */
export function notKnown(database: string, thrown: unknown): BackupError {
  if (thrown instanceof BackupError) return thrown;
  const [name, message] = thrown instanceof Error ? [thrown.name, thrown.message] : ['', String(thrown)];
  const denied = /AccessDenied|NotAuthorized|InvalidClientToken|SignatureDoesNotMatch/.test(name);
  return new BackupError(
    denied ? 'store-denied' : 'store-unreachable',
    `Amazon RDS could not be asked about ${database}`,
    {
      detail: `${name}: ${message}`,
      hint: denied
        ? 'The function needs the rights to describe it that its construct gives it; a policy of the organisation may take them.'
        : 'The next run asks again. If it stays so: the region and the health of Amazon RDS.',
      cause: thrown,
    },
  );
}
