/** What is in the manifest of a base backup of a whole server, beside what is in every manifest. */
import {
  isSegmentSize,
  parseLsn,
  POSTGRES_MAJORS,
  systemIdentifierProblem,
  type BaseBackupManifest,
} from '../../../model';
import { count, flag, listOf, moment, orNull, positive, record, text, type Check } from './checks';
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
};

/** Whether it adds up: the part of the log that it needs, which object is what. */
export function baseBackupProblem(manifest: BaseBackupManifest): string | undefined {
  const { wal, server, archive, backupManifest, tablespaces, objects, dependsOn } = manifest;
  if (!POSTGRES_MAJORS.some((major) => major === server.major)) return `it is of PostgreSQL ${server.major}`;
  const [from, to] = [parseLsn(wal.startLsn), parseLsn(wal.stopLsn)];
  if (from === undefined || to === undefined || from >= to) {
    return `the log does not run from ${wal.startLsn} to ${wal.stopLsn}`;
  }
  if (systemIdentifierProblem(wal.systemIdentifier) !== undefined || !isSegmentSize(wal.segmentBytes)) {
    return `it is of no cluster: ${wal.systemIdentifier} with segments of ${wal.segmentBytes} bytes`;
  }
  if (dependsOn.length > 0) return 'it is a full base backup, and depends on others';
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
