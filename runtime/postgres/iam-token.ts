import { BackupError } from '../errors';

/** RDS database authentication by IAM: a token instead of a password, valid for 15 minutes. */

export interface TokenRequest {
  readonly hostname: string;
  readonly port: number;
  readonly username: string;
  /** The connection's, but for the token. */
  readonly variables: Readonly<Record<string, string>>;
}

export type MintToken = (request: TokenRequest) => Promise<string>;

/**
 * What a token is made for. It is a credential sent as it is, so the connection must be encrypted: PGSSLMODE is
 * `verify-full` unless it says `require` or `verify-ca`.
 *
 * @throws BackupError `configuration-invalid` when host or user are not known, or a password is set as well.
 */
export function checkTokenSettings(variables: Readonly<Record<string, string>>): TokenRequest {
  const { PGHOST: hostname, PGUSER: username, PGPORT: port = '5432', PGSSLMODE: mode = 'verify-full' } = variables;
  if (hostname === undefined || username === undefined || /[,/]/.test(hostname)) {
    throw invalid('a token needs one host name and one user', 'Set PGHOST and PGUSER.');
  }
  if (variables.PGPASSWORD !== undefined) throw invalid('a password is set as well', 'Unset PGPASSWORD.');
  if (!['require', 'verify-ca', 'verify-full'].includes(mode)) {
    throw invalid(`PGSSLMODE is "${mode}"`, 'A token may only be sent encrypted: use verify-full.');
  }
  return { hostname, username, port: Number(port), variables: { ...variables, PGSSLMODE: mode } };
}

/** Signs a token with the task's own credentials; no call to AWS is made for it beyond those for the credentials. */
export const mintRdsToken: MintToken = async ({ hostname, port, username }) => {
  const { Signer } = await import('@aws-sdk/rds-signer');
  try {
    return await new Signer({ hostname, port, username, region: regionOf(hostname) }).getAuthToken();
  } catch (thrown) {
    throw new BackupError('authentication-failed', `cannot make an authentication token for ${username}@${hostname}`, {
      detail: thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown),
      hint: 'The task needs credentials, a region (AWS_REGION), and rds-db:connect for this user.',
    });
  }
};

/** `orders.abc.eu-central-1.rds.amazonaws.com`; nothing for another name, which leaves it to AWS_REGION. */
function regionOf(hostname: string): string | undefined {
  return /\.([a-z]{2}(?:-[a-z]+)+-\d)\.rds\.amazonaws\.com(?:\.cn)?$/.exec(hostname)?.[1];
}

function invalid(finding: string, hint: string): BackupError {
  return new BackupError('configuration-invalid', `for IAM authentication ${finding}`, { hint });
}
