/** Asks the server's replication protocol what SQL does not tell at once: on which timeline it is, and where that came from. */
import { historyName, parseHistory, parseLsn, type TimelineOrigin } from '../../../model';
import { BackupError } from '../../errors';
import { childEnvironment, KEEPALIVE_CONNINFO } from '../../postgres/child-environment';
import type { Connection } from '../../postgres/connection';
import { describeExit, runStage } from '../../process/stage';
import { receiveFailure } from './receivewal-process';

export interface ReplicationServer {
  readonly systemIdentifier: string;
  readonly timeline: number;
  /** The ancestors of its timeline, oldest first. */
  readonly origins: readonly TimelineOrigin[];
  /** As far as it has written its log durably. */
  readonly position: bigint;
}

/** By stock psql: `pg_control_checkpoint()` tells of a promotion only after the next checkpoint. */
export async function askReplication(
  psql: string,
  connection: Connection,
  signal: AbortSignal,
): Promise<ReplicationServer> {
  const said = await ask(psql, connection, 'IDENTIFY_SYSTEM', signal);
  const [systemIdentifier, timelineText, positionText] = said.trim().split('|');
  const timeline = Number(timelineText);
  const position = parseLsn(positionText ?? '');
  if (!Number.isInteger(timeline) || position === undefined) throw unclear('IDENTIFY_SYSTEM', said);
  if (timeline === 1) return { systemIdentifier, timeline, origins: [], position };
  const history = await ask(psql, connection, `TIMELINE_HISTORY ${timeline}`, signal);
  const text = history.startsWith(`${historyName(timeline)}|`) ? history.slice(history.indexOf('|') + 1) : '';
  const origins = parseHistory(text);
  if (!origins) throw unclear('TIMELINE_HISTORY', history);
  return { systemIdentifier, timeline, origins, position };
}

function ask(psql: string, connection: Connection, command: string, signal: AbortSignal): Promise<string> {
  return runStage({
    name: 'psql',
    file: psql,
    args: [
      '--no-psqlrc',
      '--no-password',
      '--no-align',
      '--tuples-only',
      `--dbname=${KEEPALIVE_CONNINFO} replication=true`,
      `--command=${command}`,
    ],
    env: childEnvironment(connection),
    signal,
    failure: (failed) => {
      const { code, detail, hint } = receiveFailure(failed);
      const isKnown = code !== 'tool-failed' && code !== 'wal-missing';
      return new BackupError(
        isKnown ? code : 'server-unreachable',
        `the server did not answer ${command}: psql ${describeExit(failed)}`,
        {
          detail,
          hint,
        },
      );
    },
  });
}

function unclear(command: string, said: string): BackupError {
  return new BackupError('server-unreachable', `the server answered ${command} with what it cannot mean`, {
    detail: JSON.stringify(said.slice(0, 500)),
    hint: 'Connect to the server itself: a pooler does not speak the replication protocol.',
  });
}
