import type { Connection } from './connection';
import type { PostgresTools } from './tools';

/** One connection that stays open, for queries and for holding a snapshot. */
export interface SqlSession {
  /** Runs one statement; each row as an object (through `row_to_json`), an error with the server's own words and SQLSTATE. */
  query<Row = Record<string, unknown>>(sql: string): Promise<Row[]>;
  /** Runs a statement that returns no rows (BEGIN, SET, COMMENT, …). */
  execute(sql: string): Promise<void>;
  close(): Promise<void>;
}

export type OpenSession = (
  connection: Connection,
  tools: PostgresTools,
  options?: { signal?: AbortSignal },
) => Promise<SqlSession>;
