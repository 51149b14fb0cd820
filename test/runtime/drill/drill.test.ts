/** A drill restores a backup, finds it as it was, and writes that down. */
import { drillKey, type Drill, type Outcome, type SqlCheck } from '../../../model';
import { verifyAndRecord } from '../../../runtime/verification/verify-and-record';
import { DEFAULT_EXPECTATIONS } from '../../../runtime/verification/expectations';
import { Lab } from '../../support/lab';
import { nextSecond } from '../../support/next-second';
import { backUp, check, drill, findings, ROLES, SHOP } from './support/drill-lab';

const NOW = '2026-11-10T00:00:00Z';

/** What each kind of check makes of what it is given. */
const CHECKS: readonly [sql: string, expect: SqlCheck['expect'], outcome: Outcome, finding: RegExp][] = [
  ['SELECT count(*) FROM customers', { kind: 'at least', number: 200 }, 'passed', /^$/],
  ['SELECT count(*) FROM customers;', { kind: 'at least', number: 201 }, 'failed', /^it gives 200$/],
  ['SELECT count(*) FROM customers', { kind: 'at most', number: 199 }, 'failed', /^it gives 200$/],
  ['SELECT 0.5::numeric', { kind: 'equals', number: 0.5 }, 'passed', /^$/],
  [`SELECT name FROM customers WHERE id = 7`, { kind: 'equals text', text: 'customer 7' }, 'passed', /^$/],
  [
    `SELECT name FROM customers WHERE id = 7`,
    { kind: 'equals text', text: 'Customer 7' },
    'failed',
    /^it gives "customer 7"$/,
  ],
  [`SELECT '5'`, { kind: 'at least', number: 1 }, 'failed', /^it gives a text, not a number$/],
  [`SELECT 'NaN'::float8`, { kind: 'at least', number: 1 }, 'failed', /^it gives NaN$/],
  [
    'SELECT max(id) FROM customers WHERE false',
    { kind: 'at least', number: 0 },
    'failed',
    /NULL: nothing was compared$/,
  ],
  ['SELECT id FROM customers WHERE false', { kind: 'at most', number: 5 }, 'failed', /no row: nothing was compared$/],
  ['SELECT id FROM customers', { kind: 'at least', number: 0 }, 'failed', /more than one row/],
  ['SELECT 1, 2', { kind: 'at least', number: 0 }, 'failed', /returns 2 columns/],
  [`SELECT timestamptz '${NOW}' - interval '1 hour'`, { kind: 'newer than', seconds: 3600 }, 'passed', /^$/],
  [`SELECT timestamp '2026-11-09 22:59:59'`, { kind: 'newer than', seconds: 3600 }, 'failed', /which is 1 h old$/],
  [`SELECT date '2026-11-09'`, { kind: 'newer than', seconds: 86_400 }, 'passed', /^$/],
  [`SELECT 'infinity'::timestamptz`, { kind: 'newer than', seconds: 3600 }, 'failed', /which is no moment$/],
  ['SELECT 1', { kind: 'newer than', seconds: 3600 }, 'failed', /^it gives a integer, not a time$/],
  ['SELECT FROM sales.orders WHERE amount < 0', { kind: 'returns no rows' }, 'passed', /^$/],
  ['SELECT FROM sales.orders', { kind: 'returns no rows' }, 'failed', /^it returns rows$/],
  ['SELECT FROM sales.orders WHERE amount < 0', { kind: 'returns rows' }, 'failed', /^it returns no rows$/],
  ['SELECT * FROM nowhere', { kind: 'returns no rows' }, 'failed', /relation "nowhere" does not exist/],
  ['SELECT 1/0', { kind: 'equals', number: 1 }, 'failed', /division by zero/],
];

let lab: Lab;

beforeAll(async () => {
  lab = await Lab.start();
  await lab.sql('postgres', ROLES);
  await lab.database('shop', SHOP);
});

afterAll(() => lab.stop());

describe('of a clean backup', () => {
  let made: Drill;

  beforeAll(async () => {
    const point = await backUp(lab, 'shop', ['public.*', 'sales.*']);
    made = await drill(lab, point, { recoveryTimeObjectiveSeconds: 3600 });
  });

  test('everything is compared, nothing found', () => {
    expect(findings(made)).toBe('');
    expect(made.outcome).toBe('passed');
    const { comparisons } = made.databases[0];
    expect(comparisons.map(({ name }) => name)).toEqual([
      'encoding and collation',
      'extensions',
      'row counts',
      'content',
      'definitions',
      'owners and privileges',
      'validity',
      'sequences',
      'indexes',
      'large objects',
    ]);
    expect(comparisons.filter(({ compared }) => compared === 0)).toEqual([]);
    expect(comparisons.find(({ name }) => name === 'row counts')?.compared).toBe(8);
  });

  test('phases are timed; what a restore takes is their sum, without the comparing', () => {
    const names = made.phases.map(({ name }) => name);
    expect(names).toEqual([
      'finding',
      'server',
      'roles',
      'definitions',
      'extensions',
      'target',
      'schema',
      'data',
      'indexes, constraints',
      'comparing',
    ]);
    const restoring = made.phases.filter(({ name }) => !['finding', 'server', 'comparing'].includes(name));
    expect(made.restoreMs).toBe(restoring.reduce((sum, { durationMs }) => sum + durationMs, 0));
    expect(made.recoveryTimeObjectiveSeconds).toBe(3600);
  });

  test('the record is in the vault, as it was told', async () => {
    expect(JSON.parse(await lab.text(drillKey('orders', made.drill)))).toEqual(made);
  });
});

test('a check passes only for what it asks', async () => {
  const point = await backUp(lab, 'shop');
  const made = await drill(
    lab,
    point,
    { checks: CHECKS.map(([sql, expected], index) => check(`check ${index}`, sql, expected)) },
    { now: () => new Date(NOW) },
  );
  const found = made.checks.map(({ outcome, finding }, index) => [
    CHECKS[index][0],
    outcome,
    CHECKS[index][3].test(finding) || finding,
  ]);
  expect(found).toEqual(CHECKS.map(([sql, , outcome]) => [sql, outcome, true]));
  expect(made.outcome).toBe('failed');
});

test('the newest verified backup is drilled, with every database in it; each check in its own', async () => {
  await lab.database('billing', 'CREATE TABLE bills (id int); INSERT INTO bills VALUES (1), (2)');
  await lab.sql('postgres', 'CREATE TABLE public.kept (id int); INSERT INTO kept VALUES (1)');
  const verified = await lab.point('shop', { databases: ['billing', 'postgres'], globals: true, source: 'several' });
  const { store, reporter, signal, now } = lab.context({});
  await verifyAndRecord(store, verified.address, {
    depth: 'stored',
    expectations: DEFAULT_EXPECTATIONS,
    reporter,
    signal,
    now,
  });
  await nextSecond();
  await lab.point('shop', { databases: ['billing'], source: 'several' });
  const made = await drill(lab, 'latest', {
    source: 'several',
    checks: [
      check('bills', 'SELECT count(*) FROM bills', { kind: 'equals', number: 2 }, 'billing'),
      check('kept', 'SELECT count(*) FROM kept', { kind: 'equals', number: 1 }, 'postgres'),
    ],
  });
  expect(findings(made)).toBe('');
  expect(made.point).toMatchObject({ point: verified.manifest.point, verification: 'passed' });
  expect(made.databases.map(({ name }) => name)).toEqual(['billing', 'postgres']);
  expect(made.checks.map(({ outcome }) => outcome)).toEqual(['passed', 'passed']);
  expect(made.warnings).toEqual([expect.stringMatching(/is passed over: it is not verified$/)]);
});

test('of a backup of definitions, they are compared, and rows are not spoken of', async () => {
  const made = await drill(lab, await lab.point('shop', { content: 'schema', globals: true }));
  expect(findings(made)).toBe('');
  expect(made.databases[0].comparisons.map(({ name }) => name)).not.toContain('row counts');
  const rowsOnly = await drill(lab, await lab.point('shop', { content: 'data' }));
  expect([rowsOnly.outcome, rowsOnly.failure?.code]).toEqual(['could not verify', 'configuration-invalid']);
});

test('of an empty database, nothing is proven', async () => {
  const point = await lab.point(await lab.database('empty'), { minimumTables: 0, globals: true });
  const made = await drill(lab, point);
  expect(findings(made)).toBe(
    'row counts could not verify: nothing was there to be compared\ndefinitions could not verify: nothing was there to be compared',
  );
  expect(made.outcome).toBe('could not verify');
});
