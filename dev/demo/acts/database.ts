/** The database: made, and looked at with other eyes. */
import { formatBytes, formatCount } from '../../../runtime/observe/format';
import { claim } from '../claim';
import { DATABASE, EPHEMERAL, makeClinic } from '../clinic';
import { EPHEMERAL_NAME, readContent, totalRows, type Content } from '../content';
import type { Demonstration } from '../demonstration';
import { askPsql } from '../psql';

const LEAST_ROWS = 300_000;

export async function makeDatabase({ scene, narrator, signal }: Demonstration): Promise<void> {
  await narrator.step('make', async (telling) => {
    await makeClinic(scene, signal);
    const facts = JSON.parse(await askPsql(scene, DATABASE, FACTS, signal)) as Record<string, number>;
    telling.result(`database "${DATABASE}": ${facts.tables} tables, ${formatBytes(facts.bytes)}`);
    telling.detail(`${facts.schemas} schemas, partitions, foreign keys, row security, views,`);
    telling.detail(`${facts.large} large objects, a table called "drop table patients; --"`);
  });
}

export async function rememberContent({ scene, narrator, signal }: Demonstration): Promise<Content> {
  return narrator.step('remember', async (telling) => {
    const content = await readContent(scene, signal);
    const rows = totalRows(content);
    claim(rows >= LEAST_ROWS, `there are ${LEAST_ROWS} rows at least`, `${rows} rows`);
    claim(content.largeObjects.lines > 0 && content.sequences.lines > 0, 'there are large objects and sequences');
    claim(
      content.tables.get(EPHEMERAL_NAME)?.lines === EPHEMERAL.rows,
      `${EPHEMERAL_NAME} holds ${EPHEMERAL.rows} rows`,
    );
    telling.result(`SHA-256 ${short(content.sha256)} of all that is in it`);
    telling.detail(
      `${formatCount(rows)} rows, ${content.sequences.lines} sequences, ${content.largeObjects.lines} large objects, ${content.definitions.lines} lines of definitions: read by stock psql and pg_dump, not by what is shown here`,
    );
    return content;
  });
}

/** The two ends of a digest: enough to see that two are the same; the comparison takes the whole. */
export function short(sha256: string): string {
  return `${sha256.slice(0, 8)}…${sha256.slice(-8)}`;
}

const FACTS = `SELECT json_build_object(
  'tables', (SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE c.relkind = 'r' AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'),
  'schemas', (SELECT count(*) FROM pg_namespace n
              WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname NOT IN ('information_schema', 'public')),
  'large', (SELECT count(*) FROM pg_largeobject_metadata),
  'bytes', pg_database_size(current_database()))`;
