/** What is in the manifest of a dump, beside what is in every manifest. */
import { CATALOG_KINDS, DUMP_CONTENTS, TABLE_CLASSES } from '../../../model';
import {
  count,
  flag,
  listOf,
  mapOf,
  moment,
  oneOf,
  orAbsent,
  orNull,
  positive,
  record,
  storedObject,
  text,
  type Check,
} from './checks';

const catalog = record({
  objects: record(Object.fromEntries(CATALOG_KINDS.map((kind) => [kind, listOf(text)]))),
  invalid: listOf(text),
  sequencesBehind: listOf(text),
  details: orAbsent(record({ definitions: mapOf(text), access: mapOf(text), sequences: mapOf(text) })),
});

const database = record({
  name: text,
  owner: text,
  encoding: text,
  collate: text,
  ctype: text,
  localeProvider: text,
  icuLocale: orNull(text),
  sizeBytes: orNull(count),
  snapshotAt: moment,
  lsn: orNull(text),
  content: oneOf(DUMP_CONTENTS),
  schema: orNull(storedObject),
  data: listOf(
    record({ object: storedObject, class: oneOf(['critical', 'important']), tables: listOf(count), rest: flag }),
  ),
  tables: listOf(
    record({ schema: text, name: text, class: oneOf(TABLE_CLASSES), rows: orNull(count), contentHash: orAbsent(text) }),
  ),
  extensions: listOf(record({ name: text, version: text })),
  largeObjects: count,
  catalog: orAbsent(catalog),
});

export const DUMP_SHAPE: Readonly<Record<string, Check>> = {
  server: record({ version: text, major: positive, standby: flag }),
  client: record({ postgres: text, zstd: text }),
  globals: orNull(storedObject),
  databases: listOf(database),
  totals: record({ storedBytes: count, objects: count, tables: count, rows: count }),
};
