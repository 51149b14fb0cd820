/** The database of the demonstration, and its end. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { askPsql, runPsql } from './psql';
import type { DatabaseServer } from './database-server';

export const DATABASE = 'clinic';
export const OWNER = 'clinic_owner';
export const APP_ROLE = 'clinic_app';
export const BACKUP_ROLE = 'clinic_backup';
/** Of a server that nobody else reaches and that is gone in a minute. The stand-in's secret holds it. */
export const BACKUP_PASSWORD = 'a password: with spaces, \'quotes" and #?@/%';

export const CRITICAL_TABLES = ['clinic.patients', 'billing.invoices*'];
export const EPHEMERAL_TABLES = ['queue.*'];
/** What {@link EPHEMERAL_TABLES} matches. */
export const EPHEMERAL = { schema: 'queue', name: 'outbox', rows: 15_000 };

export async function makeClinic(scene: DatabaseServer, signal: AbortSignal): Promise<void> {
  await runPsql(scene, 'postgres', ROLES, signal);
  const script = await readFile(path.join(__dirname, 'clinic.sql'), 'utf8');
  await runPsql(scene, DATABASE, `SET ROLE ${OWNER};\n${script}`, signal);
}

/** The worst day: the database is gone, and with it the roles that owned and used it. */
export async function destroyClinic(scene: DatabaseServer, signal: AbortSignal): Promise<void> {
  await runPsql(scene, 'postgres', `DROP DATABASE ${DATABASE};\nDROP ROLE ${OWNER}, ${APP_ROLE};`, signal);
}

export async function dropDatabase(scene: DatabaseServer, database: string, signal: AbortSignal): Promise<void> {
  await runPsql(scene, 'postgres', `DROP DATABASE ${database};`, signal);
}

export async function databaseExists(scene: DatabaseServer, database: string, signal: AbortSignal): Promise<boolean> {
  return (await askPsql(scene, 'postgres', `SELECT 1 FROM pg_database WHERE datname = '${database}'`, signal)) !== '';
}

/** pg_read_all_data reads every table; BYPASSRLS reads those with row-level security whole. */
const ROLES = `
CREATE ROLE ${OWNER};
CREATE ROLE ${APP_ROLE} LOGIN CONNECTION LIMIT 20;
CREATE ROLE ${BACKUP_ROLE} LOGIN BYPASSRLS PASSWORD '${BACKUP_PASSWORD.replaceAll("'", "''")}' IN ROLE pg_read_all_data;
ALTER DATABASE ${DATABASE} OWNER TO ${OWNER};
ALTER DATABASE ${DATABASE} SET statement_timeout = '15min';
`;
