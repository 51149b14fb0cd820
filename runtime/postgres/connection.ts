/**
 * How PostgreSQL is reached. libpq does the connecting, in its own tools, and is configured by its own variables: so every
 * form of host, certificate and authentication that libpq knows works, and no connection string is ever put together.
 */
export interface ConnectionSource {
  /** For people and logs: `backup@db.internal:5432/orders`. Never holds a password. */
  readonly description: string;
  /**
   * The libpq environment for one new connection, to `database` or to the source's own. Asked for anew for every
   * connection: a rotated secret is read again, a token that expires in 15 minutes is minted again.
   */
  open(database?: string): Promise<Connection>;
}

export interface Connection {
  readonly description: string;
  readonly database: string;
  /** PGHOST, PGPORT, PGUSER, PGPASSWORD, …: complete, to be merged into a child's environment and shown to nobody. */
  readonly env: Readonly<Record<string, string>>;
}
