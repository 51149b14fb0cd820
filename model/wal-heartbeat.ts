/** Prefix of the messages, by which whoever decodes the log knows them. */
export const WAL_HEARTBEAT_PREFIX = 'postgres-backup';

/**
 * Writes some bytes of log and changes no table: a server with nothing to do would archive nothing. It commits, so that recovery sees
 * time pass. Every role may run it, on a primary.
 */
export const WAL_HEARTBEAT_SQL = `SELECT pg_logical_emit_message(true, '${WAL_HEARTBEAT_PREFIX}', clock_timestamp()::text)`;
