/** docs/restore.md, "By hand": its commands are taken out of the guide and run as they stand. */
import { readFileSync } from 'node:fs';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { readContent } from '../support/database-content';
import { BUCKET, Lab, SOURCE } from '../support/lab';
import { runProgram } from '../support/run-script';

const GUIDE = path.join(__dirname, '..', '..', 'docs', 'restore.md');
const DATABASE = 'orders';

describe('a restore by hand, with aws, zstd and the tools of PostgreSQL', () => {
  let lab: Lab;
  beforeAll(async () => void (lab = await Lab.start()));
  afterAll(() => lab.stop());

  test('brings everything back, by the commands of the guide', async () => {
    await lab.database(DATABASE, SCHEMA);
    const request = { jobs: 2, globals: true, criticalTables: ['shop.customers'] };
    const { prefix } = await lab.point(DATABASE, request);
    const before = await readContent(lab, DATABASE);
    await lab.sql('postgres', `DROP DATABASE ${DATABASE}; DROP ROLE clerk;`);

    const ended = await runCommands(lab, commandsOfGuide(prefix));
    expect(ended).toMatchObject({ code: 0 });
    expect(ended.stdout).toContain(`${prefix}manifest.json`);
    expect(await readContent(lab, DATABASE)).toEqual(before);
  });

  test('ends at a damaged archive', async () => {
    await lab.sql('postgres', `DROP DATABASE IF EXISTS ${DATABASE}; CREATE DATABASE ${DATABASE};`);
    await lab.sql(DATABASE, SCHEMA.replace('CREATE ROLE clerk;', ''));
    const { prefix } = await lab.point(DATABASE, { globals: true });
    const key = `${prefix}${DATABASE}/data-001.dump.zst`;
    await lab.s3.damage.truncate({ bucket: BUCKET, key }, 1_000);
    await lab.sql('postgres', `DROP DATABASE ${DATABASE};`);

    expect((await runCommands(lab, commandsOfGuide(prefix))).code).not.toBe(0);
  });
});

/** Only the names of the example are exchanged. */
function commandsOfGuide(prefix: string): string {
  const section = readFileSync(GUIDE, 'utf8').split('\n## By hand\n')[1];
  const blocks = [...section.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, commands]) => commands);
  expect(blocks.length).toBeGreaterThan(5);
  const commands = blocks
    .join('\n')
    .replaceAll('s3://acme-vault/orders/dump/ ', `s3://${BUCKET}/${SOURCE}/dump/ `)
    .replace(/^POINT=.*$/m, `POINT=s3://${BUCKET}/${prefix.slice(0, -1)}`);
  expect(commands).not.toContain('acme');
  return commands;
}

async function runCommands(lab: Lab, commands: string): ReturnType<typeof runProgram> {
  const folder = path.join(lab.directory, 'by-hand');
  await mkdir(folder, { recursive: true });
  const aws = path.join(folder, 'aws');
  const standIn = [process.execPath, require.resolve('tsx/cli'), path.join(__dirname, 'aws-stand-in.ts')];
  await writeFile(aws, `#!/bin/sh\nexec ${standIn.map((word) => `'${word}'`).join(' ')} "$@"\n`);
  await chmod(aws, 0o755);
  const env = {
    ...lab.s3.environment,
    ...lab.connection().env,
    PATH: [folder, path.dirname(lab.tools.psql), process.env.PATH].join(path.delimiter),
    HOME: folder,
  };
  return runProgram('bash', [], env, `cd '${folder}'\n${commands}`);
}

const SCHEMA = `
CREATE ROLE clerk;
CREATE SCHEMA shop;
CREATE TABLE shop.customers (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text);
INSERT INTO shop.customers (name) SELECT md5(i::text) FROM generate_series(1, 5000) AS i;
CREATE TABLE shop.orders (id bigserial PRIMARY KEY, customer int REFERENCES shop.customers, note text);
INSERT INTO shop.orders (customer, note) SELECT i, repeat(md5(i::text), 20) FROM generate_series(1, 5000) AS i;
ALTER TABLE shop.orders OWNER TO clerk;
CREATE MATERIALIZED VIEW shop.busiest AS SELECT customer, count(*) FROM shop.orders GROUP BY 1;
SELECT lo_from_bytea(4711, decode(repeat('00ff', 5000), 'hex'));
`;
