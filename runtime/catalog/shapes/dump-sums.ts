import { dumpObjects, type DumpManifest, type DumpedDatabase } from '../../../model';

/** Whether the manifest of a dump adds up: its databases, which archive holds which table, its totals. */
export function dumpProblem(manifest: DumpManifest): string | undefined {
  return databasesProblem(manifest.databases) ?? totalsProblem(manifest);
}

function databasesProblem(databases: readonly DumpedDatabase[]): string | undefined {
  if (databases.length === 0) return 'it holds no database';
  const twice = firstTwice(databases.map(({ name }) => name));
  if (twice !== undefined) return `database ${twice} is in it twice`;
  for (const database of databases) {
    const problem = contentProblem(database) ?? tablesProblem(database);
    if (problem !== undefined) return `database ${JSON.stringify(database.name)}: ${problem}`;
  }
  return undefined;
}

function contentProblem({ content, schema, data }: DumpedDatabase): string | undefined {
  if ((content === 'data') !== (schema === null)) return `definitions and its content, ${content}, do not agree`;
  return (content === 'schema') === (data.length === 0)
    ? undefined
    : `archives of rows and its content, ${content}, do not agree`;
}

/** Every table that was counted is in exactly one archive, every other in none. */
function tablesProblem({ tables, data }: DumpedDatabase): string | undefined {
  const twice = firstTwice(tables.map(({ schema, name }) => [schema, name]));
  if (twice !== undefined) return `table ${twice} is in it twice`;
  const archives = tables.map(() => 0);
  for (const index of data.flatMap((archive) => archive.tables)) {
    if (index >= tables.length) return `an archive names table ${index}, which is not there`;
    archives[index]++;
  }
  const wrong = tables.findIndex(({ rows }, index) => archives[index] !== (rows === null ? 0 : 1));
  if (wrong === -1) return undefined;
  const { schema, name, rows } = tables[wrong];
  return `table "${schema}"."${name}" with ${rows ?? 'no'} rows is in ${archives[wrong]} archives`;
}

function totalsProblem(manifest: DumpManifest): string | undefined {
  const objects = dumpObjects(manifest);
  const tables = manifest.databases.flatMap((database) => database.tables);
  const found = {
    storedBytes: objects.reduce((sum, object) => sum + object.sizeBytes, 0),
    objects: objects.length,
    tables: tables.length,
    rows: tables.reduce((sum, table) => sum + (table.rows ?? 0), 0),
  };
  const wrong = Object.entries(found).find(([name, value]) => manifest.totals[name as keyof typeof found] !== value);
  return wrong && `its totals are not those of what it names: ${wrong[0]} is not ${wrong[1]}`;
}

/** The first that is there again, as JSON. */
function firstTwice(values: readonly unknown[]): string | undefined {
  const seen = new Set<string>();
  for (const value of values.map((one) => JSON.stringify(one))) {
    if (seen.has(value)) return value;
    seen.add(value);
  }
  return undefined;
}
