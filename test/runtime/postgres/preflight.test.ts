import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { PreflightFinding } from '../../../runtime/components/dump/types';
import { BackupError } from '../../../runtime/errors';
import { childEnvironment, KEEPALIVE_CONNINFO } from '../../../runtime/postgres/child-environment';
import { checkUnloggedTables } from '../../../runtime/postgres/preflight/content-checks';
import { preflight, type PreflightRequest } from '../../../runtime/postgres/preflight/preflight';
import { checkClient, checkServerVersion } from '../../../runtime/postgres/preflight/version-checks';
import type { ConnectionSource } from '../../../runtime/postgres/connection';
import type { ServerFacts } from '../../../runtime/postgres/server-facts';
import type { SqlSession } from '../../../runtime/postgres/session';
import { findTools, type PostgresTools } from '../../../runtime/postgres/tools';
import { executeAll, Scratch } from './scratch-database';

const REQUEST: PreflightRequest = {
  content: 'all',
  criticalTables: [],
  ephemeralTables: [],
  minimumTables: 1,
  lockTimeoutSeconds: 1,
};

let scratch: Scratch;
let tools: PostgresTools;
let admin: SqlSession;

beforeAll(async () => {
  scratch = await Scratch.start({ settings: { max_prepared_transactions: '5' } });
  tools = await findTools(scratch.server.major);
  admin = await scratch.database('shop');
  await scratch.role('backup');
  await executeAll(admin, [
    'CREATE SCHEMA shop',
    'CREATE TABLE shop.orders (id serial)',
    'CREATE TABLE shop.parted (at date) PARTITION BY RANGE (at)',
    'GRANT USAGE ON SCHEMA shop TO backup',
    'GRANT SELECT ON ALL TABLES IN SCHEMA shop TO backup',
    'GRANT SELECT ON ALL SEQUENCES IN SCHEMA shop TO backup',
  ]);
});

afterAll(() => scratch.stop());

async function check(change: Partial<PreflightRequest> = {}, user = 'backup'): Promise<PreflightFinding[]> {
  return preflight(sourceOf('shop', user), tools, { ...REQUEST, ...change });
}

function sourceOf(database: string, user?: string, change: Record<string, string> = {}): ConnectionSource {
  const connection = scratch.connection(database, user);
  return {
    description: connection.description,
    open: async () => ({ ...connection, env: { ...connection.env, ...change } }),
  };
}

function wrong(findings: readonly PreflightFinding[]): PreflightFinding[] {
  return findings.filter(({ outcome }) => outcome === 'failed' || outcome === 'could not verify');
}

test('a database that can be dumped passes every check, each saying what was looked at', async () => {
  const findings = await check();
  expect(wrong(findings)).toEqual([]);
  expect(findings.filter(({ outcome }) => outcome === 'passed').map(({ check: name }) => name)).toEqual([
    'connection',
    'server version',
    'client tools',
    'readable tables',
    'row-level security',
    'readable large objects',
    'locked tables',
    'tables',
    'size',
    'extensions',
  ]);
  expect(findings.every(({ finding }) => finding.length > 0)).toBe(true);
});

describe('what makes a dump fail is found before it, named, with a hint', () => {
  const cases: [string, Partial<PreflightFinding>, string[], string[]][] = [
    [
      'a table that may not be read',
      { check: 'readable tables', code: 'table-unreadable' },
      ['CREATE TABLE shop."Secret" ()'],
      ['DROP TABLE shop."Secret"'],
    ],
    [
      'a schema that may not be used',
      { check: 'readable tables', code: 'table-unreadable' },
      ['CREATE SCHEMA closed', 'CREATE TABLE closed."Secret" ()', 'GRANT SELECT ON closed."Secret" TO backup'],
      ['DROP SCHEMA closed CASCADE'],
    ],
    [
      'a sequence that may not be read',
      { check: 'readable tables', code: 'table-unreadable' },
      ['CREATE SEQUENCE shop."Secret"'],
      ['DROP SEQUENCE shop."Secret"'],
    ],
    [
      'a partitioned table that may not be locked',
      { check: 'readable tables', code: 'table-unreadable' },
      ['CREATE TABLE shop."Secret" (i int) PARTITION BY RANGE (i)'],
      ['DROP TABLE shop."Secret"'],
    ],
    [
      'row-level security that hides rows',
      { check: 'row-level security', code: 'row-security' },
      [
        'CREATE TABLE shop."Secret" ()',
        'GRANT SELECT ON shop."Secret" TO backup',
        'ALTER TABLE shop."Secret" ENABLE ROW LEVEL SECURITY',
      ],
      ['DROP TABLE shop."Secret"'],
    ],
    [
      'row-level security forced on the owner',
      { check: 'row-level security', code: 'row-security' },
      [
        'CREATE TABLE shop."Secret" ()',
        'ALTER TABLE shop."Secret" OWNER TO backup',
        'ALTER TABLE shop."Secret" ENABLE ROW LEVEL SECURITY',
        'ALTER TABLE shop."Secret" FORCE ROW LEVEL SECURITY',
      ],
      ['DROP TABLE shop."Secret"'],
    ],
  ];
  test.each(cases)('%s', async (_what, expected, make, unmake) => {
    await executeAll(admin, make);
    const found = wrong(await check());
    await executeAll(admin, unmake);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({
      ...expected,
      outcome: 'failed',
      finding: expect.stringContaining('"Secret"') as string,
    });
    expect(found[0].hint).toMatch(/\w/);
    await expectDumpFails(make, unmake);
  });

  /** The finding is true: pg_dump does fail of it. */
  async function expectDumpFails(make: string[], unmake: string[]): Promise<void> {
    await executeAll(admin, make);
    const failure = await dump().catch((error: unknown) => error);
    await executeAll(admin, unmake);
    expect(failure).toMatchObject({ code: 1 });
    await dump();
  }

  test('a large object that may not be read', async () => {
    const [{ oid }] = await admin.query<{ oid: number }>(`SELECT lo_from_bytea(0, 'x') AS oid`);
    const found = wrong(await check());
    await expect(dump()).rejects.toMatchObject({ code: 1 });
    await admin.execute(`GRANT SELECT ON LARGE OBJECT ${oid} TO backup`);
    const granted = wrong(await check());
    await dump();
    await admin.query(`SELECT lo_unlink(${oid})`);
    expect(found).toMatchObject([{ check: 'readable large objects', code: 'table-unreadable', outcome: 'failed' }]);
    expect(found[0].finding).toContain(String(oid));
    expect(granted).toEqual([]);
  });

  test('a table that stays locked, with the process that holds it', async () => {
    const holder = await scratch.open('shop');
    const [{ pid }] = await holder.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    await executeAll(holder, ['BEGIN', 'LOCK TABLE shop.orders']);
    const found = wrong(await check());
    await holder.execute('ROLLBACK');
    expect(found).toMatchObject([{ check: 'locked tables', code: 'table-locked', outcome: 'failed' }]);
    expect(found[0].finding).toContain(`shop.orders by process ${pid}`);
  });

  test('a lock that ends within the time allowed is waited for', async () => {
    const holder = await scratch.open('shop');
    await executeAll(holder, ['BEGIN', 'LOCK TABLE shop.orders']);
    const checking = check({ lockTimeoutSeconds: 30 });
    await new Promise((resolve) => setTimeout(resolve, 700));
    await holder.execute('ROLLBACK');
    expect(wrong(await checking)).toEqual([]);
  });

  test('fewer tables than expected', async () => {
    expect(wrong(await check({ minimumTables: 2 }))).toMatchObject([
      { check: 'tables', code: 'database-empty', outcome: 'failed' },
    ]);
    const empty = await preflight(sourceOf('postgres'), tools, REQUEST);
    expect(wrong(empty)).toMatchObject([{ code: 'database-empty' }]);
  });

  test('a pattern that matches nothing', async () => {
    expect(wrong(await check({ ephemeralTables: ['shop.nothing'] }))).toMatchObject([
      { check: 'table classes', code: 'configuration-invalid', outcome: 'failed' },
    ]);
  });

  test.each([
    ['server-unreachable', 'shop', { PGPORT: '1' }],
    ['authentication-failed', 'shop', { PGPASSWORD: 'wrong' }],
    ['database-missing', 'missing', {}],
  ] as const)('%s', async (code, database, change) => {
    expect(await preflight(sourceOf(database, 'backup', change), tools, REQUEST)).toMatchObject([
      { check: 'connection', outcome: 'failed', code, hint: expect.stringMatching(/\w/) as string },
    ]);
  });

  async function dump(): Promise<void> {
    const env = childEnvironment(scratch.connection('shop', 'backup'));
    await promisify(execFile)(tools.pgDump, [`--dbname=${KEEPALIVE_CONNINFO}`], { env });
  }
});

describe('what does not make it fail is not reported as a failure', () => {
  test('row-level security for one who bypasses it, and for the owner', async () => {
    await scratch.role('bypassing', 'BYPASSRLS IN ROLE pg_read_all_data');
    await executeAll(admin, [
      'CREATE TABLE shop.hidden ()',
      'ALTER TABLE shop.hidden OWNER TO backup',
      'ALTER TABLE shop.hidden ENABLE ROW LEVEL SECURITY',
    ]);
    const found = [...wrong(await check({}, 'bypassing')), ...wrong(await check({}, 'backup'))];
    await admin.execute('DROP TABLE shop.hidden');
    expect(found).toEqual([]);
  });

  test('row-level security and large objects, when no rows are dumped', async () => {
    await executeAll(admin, [
      'CREATE TABLE shop.hidden ()',
      'GRANT SELECT ON shop.hidden TO backup',
      'ALTER TABLE shop.hidden ENABLE ROW LEVEL SECURITY',
    ]);
    const found = wrong(await check({ content: 'schema' }));
    await admin.execute('DROP TABLE shop.hidden');
    expect(found).toEqual([]);
  });

  test("a lock on another database's table of the same number, and one that readers share", async () => {
    const holder = await scratch.open('shop');
    await executeAll(holder, ['BEGIN', 'LOCK TABLE shop.orders IN SHARE ROW EXCLUSIVE MODE']);
    const found = wrong(await check());
    await holder.execute('ROLLBACK');
    expect(found).toEqual([]);
  });
});

test('prepared transactions are a warning that names them', async () => {
  await executeAll(admin, ['BEGIN', 'INSERT INTO shop.orders DEFAULT VALUES', `PREPARE TRANSACTION 'half done'`]);
  const findings = await check();
  await admin.execute(`ROLLBACK PREPARED 'half done'`);
  expect(wrong(findings)).toEqual([]);
  expect(findings).toContainEqual(
    expect.objectContaining({
      check: 'prepared transactions',
      outcome: 'warning',
      finding: expect.stringContaining('half done') as string,
    }),
  );
});

test('a check that cannot be carried out is "could not verify", and the others are carried out all the same', async () => {
  await admin.execute('REVOKE EXECUTE ON FUNCTION aclexplode(aclitem[]) FROM public');
  const findings = await check();
  await admin.execute('GRANT EXECUTE ON FUNCTION aclexplode(aclitem[]) TO public');
  expect(wrong(findings)).toMatchObject([
    { check: 'readable large objects', outcome: 'could not verify', code: 'table-unreadable' },
  ]);
  expect(findings.map(({ check: name }) => name)).toContain('extensions');
});

test('an ended run throws its reason and does not report on half of the checks', async () => {
  const abort = new AbortController();
  const holder = await scratch.open('shop');
  await executeAll(holder, ['BEGIN', 'LOCK TABLE shop.orders']);
  const checking = preflight(
    sourceOf('shop', 'backup'),
    tools,
    { ...REQUEST, lockTimeoutSeconds: 60 },
    { signal: abort.signal },
  );
  setTimeout(() => abort.abort(new BackupError('terminated', 'the end')), 300);
  await expect(checking).rejects.toMatchObject({ code: 'terminated' });
  await holder.execute('ROLLBACK');
});

describe('versions', () => {
  const server = (version: string, standby = false): ServerFacts => ({
    version,
    versionNumber: 0,
    major: parseInt(version, 10),
    standby,
    user: 'backup',
    superuser: false,
  });
  const client = (version: string): PostgresTools => ({ ...tools, version, major: parseInt(version, 10) });

  test.each(['13.22', '19.1', '9.6.24'])('a server of %s is not supported', (version) => {
    expect(checkServerVersion(server(version))).toMatchObject({ outcome: 'failed', code: 'version-unsupported' });
  });

  test.each([
    ['15.20', '17.12'],
    ['18.7', '17.12'],
  ])('a client of %s for a server of %s is refused', async (ours, theirs) => {
    expect(await checkClient(server(theirs), client(ours))).toMatchObject([
      { outcome: 'failed', code: 'version-mismatch' },
    ]);
  });

  test('a client with known holes is a warning', async () => {
    expect(await checkClient(server('17.12'), client('17.11'))).toMatchObject([
      { outcome: 'passed' },
      { check: 'client security', outcome: 'warning', finding: expect.stringContaining('17.12 or later') as string },
    ]);
    expect(await checkClient(server('17.12'), client('17.12'))).toHaveLength(1);
  });

  test("without client tools of the server's version it says what to install", async () => {
    const findings = await checkClient(server('16.16'), undefined, (major) => findTools(major, { PATH: '' }));
    expect(findings).toMatchObject([
      { outcome: 'failed', code: 'tool-missing', hint: expect.stringContaining('postgresql-client-16') as string },
    ]);
  });

  test('on a standby, unlogged tables are a warning unless they are ephemeral', () => {
    const table = { schema: 's', unlogged: true, sizeBytes: 0, estimatedRows: 0 };
    const tables = [
      { ...table, name: 'cache', class: 'ephemeral' as const },
      { ...table, name: 'queue', class: 'important' as const },
    ];
    expect(checkUnloggedTables(server('17.12'), { tables, extensionTables: [] })).toEqual([]);
    expect(checkUnloggedTables(server('17.12', true), { tables, extensionTables: [] })).toMatchObject([
      { outcome: 'warning', finding: expect.stringMatching(/1 unlogged .*: s\.queue$/) as string },
    ]);
  });
});
