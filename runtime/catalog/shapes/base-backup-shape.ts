/** What is in the manifest of a base backup of a whole server, beside what is in every manifest. */
import {
  FIRST_INCREMENTAL_MAJOR,
  isSegmentSize,
  parseLsn,
  POSTGRES_MAJORS,
  RETENTION_CLASSES,
  systemIdentifierProblem,
  type BaseBackupManifest,
} from '../../../model';
import { count, flag, listOf, moment, oneOf, orAbsent, orNull, positive, record, sha256, text } from './checks';
import type { Check } from './checks';
import { ITEMS_SHAPE } from './items-shape';

export const BASE_BACKUP_SHAPE: Readonly<Record<string, Check>> = {
  ...ITEMS_SHAPE,
  server: record({ version: text, major: positive, standby: flag, role: text, database: text }),
  client: record({ postgres: text, zstd: text }),
  wal: record({ systemIdentifier: text, timeline: positive, startLsn: text, stopLsn: text, segmentBytes: positive }),
  endedAt: moment,
  archive: count,
  backupManifest: orNull(count),
  tablespaces: listOf(record({ oid: positive, location: text, archive: count })),
  contentBytes: count,
  builtOn: orAbsent(listOf(record({ point: text, class: oneOf(RETENTION_CLASSES), archiveSha256: sha256 }))),
};

/** Whether it adds up: the part of the log that it needs, which object is what. */
export function baseBackupProblem(manifest: BaseBackupManifest): string | undefined {
  const { wal, server, archive, backupManifest, tablespaces, objects } = manifest;
  if (!POSTGRES_MAJORS.some((major) => major === server.major)) return `it is of PostgreSQL ${server.major}`;
  const [from, to] = [parseLsn(wal.startLsn), parseLsn(wal.stopLsn)];
  if (from === undefined || to === undefined || from >= to) {
    return `the log does not run from ${wal.startLsn} to ${wal.stopLsn}`;
  }
  if (systemIdentifierProblem(wal.systemIdentifier) !== undefined || !isSegmentSize(wal.segmentBytes)) {
    return `it is of no cluster: ${wal.systemIdentifier} with segments of ${wal.segmentBytes} bytes`;
  }
  const problem = linksProblem(manifest);
  if (problem !== undefined) return problem;
  const named = [
    archive,
    ...tablespaces.map((one) => one.archive),
    ...(backupManifest === null ? [] : [backupManifest]),
  ];
  // Each object is exactly one thing, in this order.
  return named.length === objects.length && named.every((object, index) => object === index)
    ? undefined
    : `it names the objects ${named.join(', ')}, but it has ${objects.length}`;
}

/** One of what changed names all that it is built on, in their order, and is of one archive. */
function linksProblem({ builtOn = [], dependsOn, server, tablespaces }: BaseBackupManifest): string | undefined {
  const points = builtOn.map(({ point }) => point);
  if (points.join() !== dependsOn.join()) return `it is built on ${points.join(', ') || 'none'}, and depends on others`;
  if (points.some((point, index) => index > 0 && point <= points[index - 1]))
    return 'it is built on points out of order';
  if (points.length === 0) return undefined;
  if (server.major < FIRST_INCREMENTAL_MAJOR) return `PostgreSQL ${server.major} makes only full base backups`;
  return tablespaces.length > 0 ? 'it is built on others, and has tablespaces' : undefined;
}
