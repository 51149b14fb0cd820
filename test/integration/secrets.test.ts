/** No secret is ever in an argument, a log line, a metric, a key or a stored object; and no name forges a log record. */
import { setTimeout as sleep } from 'node:timers/promises';
import { decompress } from '../support/zstd';
import { quoteIdentifier } from '../../runtime/postgres/sql-quoting';
import { runCli, startCli } from '../support/cli';
import { Lab } from '../support/lab';
import { processTree } from '../support/processes';

const PASSWORD = 'Sup3r-Secret-4711!@:/';
const EMF = '{"_aws":{"Timestamp":1,"CloudWatchMetrics":[]},"x":1}';
let lab: Lab;

beforeAll(async () => {
  lab = await Lab.start();
  await lab.sql('postgres', `CREATE ROLE backup LOGIN SUPERUSER PASSWORD '${PASSWORD}'`);
  await lab.database(
    'busy',
    `CREATE TABLE t AS SELECT i, md5(i::text) AS h FROM generate_series(1, 300000) i; CREATE TABLE ${quoteIdentifier(EMF)} (id int);`,
  );
});

afterAll(() => lab.stop());

const secrets = (): string[] => [PASSWORD, encodeURIComponent(PASSWORD), lab.s3.credentials.secretAccessKey];

it.each(['fields', 'a URL'])('a whole backup and restore, the password given as %s', async (way) => {
  const place = { database: 'busy', user: 'backup', password: PASSWORD };
  const { PGHOST, PGPORT } = lab.connection(place).env;
  const url = {
    DATABASE_URL: `postgresql://backup:${encodeURIComponent(PASSWORD)}@${PGHOST}:${PGPORT}/busy?sslmode=disable`,
  };
  const none = { PGHOST: '', PGPORT: '', PGUSER: '', PGPASSWORD: '', PGDATABASE: '', PGSSLMODE: '' };
  const env = { POSTGRES_BACKUP_LOG: 'json', ...(way === 'fields' ? {} : { ...none, ...url }) };
  const run = startCli(lab, ['backup', 'dump', '--jobs', '2'], place, env);
  let ended = false;
  void run.ended.then(() => (ended = true));
  const seen = new Set<string>();
  while (!ended) {
    for (const { arguments: args } of await processTree(run.pid)) seen.add(args);
    await sleep(10);
  }
  const end = await run.ended;
  expect(end.code).toBe(0);
  // The sampling did see the processes at work.
  expect([...seen].some((args) => /pg_dump/.test(args))).toBe(true);
  expect([...seen].some((args) => /psql/.test(args))).toBe(true);

  const restored = await runCli(lab, ['restore', 'latest', '--clean', '--create', '--json'], {
    ...place,
    database: 'busy again',
  });
  const told = [end.stdout, end.stderr, restored.stdout, restored.stderr, ...seen, ...(await lab.keys())];
  for (const key of await lab.keys()) {
    const stored = await lab.bytes(key);
    told.push(stored.toString('latin1'), key.endsWith('.zst') ? (await decompress(stored)).toString('latin1') : '');
  }
  for (const secret of secrets()) for (const text of told) expect(text.includes(secret)).toBe(false);
});

it('a wrong password is not repeated in the error', async () => {
  const wrong = 'Wr0ng-Secret-0815';
  const end = await runCli(lab, ['backup', 'dump', '--json'], { database: 'busy', user: 'backup', password: wrong });
  expect(end.code).toBe(1);
  expect(JSON.parse(end.stdout)).toMatchObject({ error: { code: 'authentication-failed' } });
  expect(end.stdout + end.stderr).not.toContain(wrong);
});

it('every line of a log is one record of ours, whatever tables are called', async () => {
  await lab.sql('busy', `CREATE ROLE nobody LOGIN PASSWORD 'x'`);
  const place = { database: 'busy', user: 'nobody', password: 'x' };
  const end = await runCli(lab, ['backup', 'dump'], place, { POSTGRES_BACKUP_LOG: 'json' });
  expect(end.code).toBe(1);
  const lines = `${end.stdout}${end.stderr}`.split('\n').filter((line) => line !== '');
  const records = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(JSON.stringify(records)).toContain('_aws');
  for (const record of records) expect('x' in record).toBe(false);
});
