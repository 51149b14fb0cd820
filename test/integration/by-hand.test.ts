/** Whoever has the bucket and the stock tools needs nothing of ours: a GET, `zstd -d`, `psql` and `pg_restore`. */
import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { mkdtemp, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { startThrowawayServer, type ThrowawayServer } from '../../runtime/postgres/throwaway-server';
import { readContent } from '../support/database-content';
import { BUCKET, Lab } from '../support/lab';
import { runProgram } from '../support/run-script';

let lab: Lab;
let empty: ThrowawayServer;

beforeAll(async () => {
  [lab, empty] = await Promise.all([Lab.start(), startThrowawayServer()]);
  await lab.sql('postgres', 'CREATE ROLE shop_owner NOLOGIN; CREATE ROLE "Odd role" NOLOGIN;');
  await lab.database(
    'shop',
    `CREATE TABLE customers (id serial PRIMARY KEY, name text);
     CREATE TABLE orders (id serial PRIMARY KEY, customer int REFERENCES customers);
     INSERT INTO customers (name) SELECT 'c' || i FROM generate_series(1, 1000) i; INSERT INTO orders (customer) SELECT id FROM customers;
     CREATE MATERIALIZED VIEW totals AS SELECT count(*) FROM orders;
     ALTER TABLE orders OWNER TO shop_owner; GRANT SELECT ON customers TO "Odd role";
     SELECT lo_from_bytea(7, 'scan');`,
  );
});

afterAll(async () => {
  await empty.stop();
  await lab.stop();
});

it('a restore with stock tools alone is the database that was backed up', async () => {
  const point = await lab.point('shop', { globals: true, jobs: 2, criticalTables: ['public.customers'] });
  const files = await fetchAll(point.prefix);
  const database = { PGDATABASE: 'shop' };

  // The cluster has its superuser already; everything else of the script must work.
  const roles = (await decompress(files, 'globals.sql')).replace(/^(CREATE|ALTER) ROLE postgres\b.*$/gm, '');
  await run(lab.tools.psql, ['--no-psqlrc', '--set=ON_ERROR_STOP=1', '--quiet', '--file=-'], {}, roles);
  await run(lab.tools.psql, ['--command=CREATE DATABASE shop TEMPLATE template0'], {});

  const schema = files.get('shop/schema.dump') ?? '';
  await run(lab.tools.pgRestore, ['--exit-on-error', '--section=pre-data', '--dbname=shop', schema], database);
  const archives = [...files].filter(([name]) => /data-\d+/.test(name));
  expect(archives.length).toBeGreaterThan(1);
  for (const [, archive] of archives)
    await run(lab.tools.pgRestore, ['--exit-on-error', '--dbname=shop', archive], database);
  await run(lab.tools.pgRestore, ['--exit-on-error', '--section=post-data', '--dbname=shop', schema], database);

  expect(await readContent(lab, 'shop', { server: empty })).toEqual(await readContent(lab, 'shop'));
});

/** As `aws s3 cp --recursive` and `zstd -d` would: every compressed object of the point, in a file, decompressed. */
async function fetchAll(prefix: string): Promise<Map<string, string>> {
  const directory = await mkdtemp(path.join(lab.directory, 'by-hand-'));
  const { endpoint, region, credentials } = lab.s3;
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
  const listed = await client.send(new ListObjectsV2Command({ Bucket: BUCKET, Prefix: prefix }));
  const files = new Map<string, string>();
  for (const { Key: key = '' } of listed.Contents ?? []) {
    if (!key.endsWith('.zst')) continue;
    const { Body: body } = await client.send(new GetObjectCommand({ Bucket: BUCKET, Key: key }));
    const compressed = path.join(directory, key.slice(prefix.length).replaceAll('/', '_'));
    await writeFile(compressed, (await body?.transformToByteArray()) ?? new Uint8Array());
    await run('zstd', ['-d', '--quiet', compressed], {});
    files.set(key.slice(prefix.length).replace(/\.zst$/, ''), compressed.replace(/\.zst$/, ''));
  }
  client.destroy();
  return files;
}

async function decompress(files: Map<string, string>, name: string): Promise<string> {
  return run('cat', [files.get(name) ?? ''], {});
}

async function run(file: string, args: string[], env: Record<string, string>, input = ''): Promise<string> {
  const connection = { PATH: process.env.PATH ?? '', ...empty.connection().env, ...env };
  const ended = await runProgram(file, args, connection, input);
  if (ended.code !== 0) throw new Error(`${file} ended with ${ended.code}: ${ended.stderr}`);
  return ended.stdout;
}
