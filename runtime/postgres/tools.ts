/** Stock client tools of one major version, by absolute path. */
export interface PostgresTools {
  readonly major: number;
  /** As `pg_dump --version` says: `17.12`. */
  readonly version: string;
  readonly pgDump: string;
  readonly pgDumpall: string;
  readonly pgRestore: string;
  readonly psql: string;
}
