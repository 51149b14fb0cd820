/** What several commands' help says in the same words. */

export const EXIT_CODES_HELP = `
Exit codes:
  0  everything that was asked for was done and checked
  1  something failed
  2  wrong usage; nothing was begun
  3  it could not be found out whether it is good; never counts as good`;

export const VAULT_HELP = `
The object store is reached with the AWS SDK's own settings (AWS_REGION, AWS_PROFILE, AWS_ACCESS_KEY_ID, …); for another
S3-compatible store set AWS_ENDPOINT_URL_S3.`;

/** `role` says what the named database is for. */
export function serverHelp(role: string): string {
  return `
PostgreSQL is named by libpq's variables (PGHOST, PGPORT, PGDATABASE, PGUSER, PGPASSWORD or PGPASSFILE, PGSSLMODE,
PGSSLROOTCERT) or by DATABASE_URL: ${role}.`;
}

export function examples(...commands: readonly string[]): string {
  return `\nExamples:\n${commands.map((command) => `  $ ${command}`).join('\n')}`;
}

export const PLACES_HELP = `
The answer goes to stdout; progress and errors go to stderr, as bars on a terminal, as plain lines elsewhere, as one JSON
object a line in an ECS task or with POSTGRES_BACKUP_LOG=json (=text for lines). NO_COLOR is respected.`;
