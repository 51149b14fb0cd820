import type { StoredObject } from '../../../../model';
import { childEnvironment, KEEPALIVE_CONNINFO } from '../../../postgres/child-environment';
import { sendCompressed } from './compressed-object';
import { dumpFailure } from './dump-failure';
import { formatBytes } from '../../../observe/format';
import type { BackupRun } from './backup-run';

/**
 * Roles, memberships and tablespaces, which no database's dump holds: plain SQL from stock `pg_dumpall`. Passwords are left out: a
 * managed server does not show them, and a backup is no place for them.
 */
export async function dumpGlobals(run: BackupRun, database: string): Promise<StoredObject> {
  const step = run.context.reporter.begin('globals');
  const connection = await run.context.server.open(database);
  const pending = await sendCompressed({
    store: run.context.store,
    key: `${run.prefix}globals.sql.zst`,
    producer: {
      name: 'pg_dumpall',
      file: run.tools.pgDumpall,
      args: [
        '--globals-only',
        '--no-role-passwords',
        '--no-password',
        `--dbname=${KEEPALIVE_CONNINFO}`,
        `--lock-wait-timeout=${run.request.lockTimeoutSeconds}s`,
      ],
    },
    env: childEnvironment(connection),
    zstd: run.zstd,
    compressionLevel: run.request.compressionLevel,
    signal: run.context.signal,
    onBytes: (sizeBytes) => step.advance(sizeBytes),
    failure: (failed) => dumpFailure(failed, 'the roles'),
  });
  const object = await pending.complete();
  step.done(formatBytes(object.sizeBytes));
  return object;
}
