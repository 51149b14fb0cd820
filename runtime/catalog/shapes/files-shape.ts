/** What is in the manifest of volumes of files, beside what is in every manifest. */
import { RETENTION_CLASSES } from '../../../model';
import { count, lacks, listOf, moment, oneOf, orNull, record, sha256, text, type Check } from './checks';
import { ITEMS_SHAPE } from './items-shape';

const counts = record({
  files: count,
  directories: count,
  symbolicLinks: count,
  hardLinks: count,
  contentBytes: count,
  stored: count,
  unchanged: count,
  deleted: count,
  changedWhileRead: count,
  vanished: count,
  special: count,
});

const volume = record({
  name: text,
  kind: oneOf(['full', 'incremental']),
  listedAt: moment,
  archive: count,
  storedIndex: count,
  keptIndex: orNull(count),
  builtOn: listOf(record({ point: text, class: oneOf(RETENTION_CLASSES), archiveSha256: sha256 })),
  counts,
});

export const FILES_SHAPE: Readonly<Record<string, Check>> = {
  ...ITEMS_SHAPE,
  client: record({ tar: text, zstd: text }),
  volumes: listOf(volume),
  lacks,
};
