import { BackupError } from '../errors';

/** Putting together what several places say about one server. Where they contradict each other, nobody can know which was meant. */

type Variables = Readonly<Record<string, string>>;

/** What says which server, which database and who. */
const IDENTITY = ['PGHOST', 'PGHOSTADDR', 'PGPORT', 'PGDATABASE', 'PGUSER', 'PGPASSWORD'];

/**
 * A URL over the variables of the environment: they may not differ in what server or user they mean; otherwise the
 * URL wins, as in libpq, except that encryption is never weaker than either asks for.
 *
 * @throws BackupError `configuration-invalid`, naming the variable.
 */
export function mergeUrl(variables: Variables, url: Variables, origin: string): Record<string, string> {
  for (const name of IDENTITY) refuseDifference(name, variables[name], url[name], origin);
  return withStricterTls({ ...variables, ...url }, variables.PGSSLMODE, url.PGSSLMODE);
}

/**
 * A secret's fields under the variables of the environment: a secret that RDS made names the writer, and PGHOST may name the reader.
 * User and password belong together and come from one place.
 *
 * @throws BackupError `configuration-invalid`, naming the variable.
 */
export function mergeSecretFields(variables: Variables, fields: Variables, origin: string): Record<string, string> {
  for (const name of ['PGUSER', 'PGPASSWORD']) refuseDifference(name, variables[name], fields[name], origin);
  const merged = { ...fields, ...variables };
  if (merged.PGHOST !== undefined || merged.PGHOSTADDR !== undefined) return merged;
  throw new BackupError('configuration-invalid', `neither PGHOST nor ${origin} names the host`, {
    hint: 'Set PGHOST, or add the field "host" to the secret.',
  });
}

function refuseDifference(name: string, own: string | undefined, other: string | undefined, origin: string): void {
  if (own === undefined || other === undefined || own === other) return;
  // Without the values: one of these is the password.
  throw new BackupError('configuration-invalid', `${name} is set and differs from ${origin}`, {
    hint: `Unset ${name}, or correct one of the two.`,
  });
}

const SSL_MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'];

function withStricterTls(
  merged: Record<string, string>,
  first: string | undefined,
  second: string | undefined,
): Record<string, string> {
  if (first === undefined || second === undefined) return merged;
  const stricter = SSL_MODES[Math.max(SSL_MODES.indexOf(first), SSL_MODES.indexOf(second))];
  return { ...merged, PGSSLMODE: stricter };
}
