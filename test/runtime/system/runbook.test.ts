/** The runbook says what is so: the newest set, the names of the stack, and commands that the program takes. */
import { RUNBOOK_FORMAT, runbookFactsProblem, runbookKeys, type RunbookFacts } from '../../../model';
import { readText } from '../../../runtime/catalog/read-text';
import { storeRunbook } from '../../../runtime/observe/report/store-runbook';
import { gatherRunbook } from '../../../runtime/system/gather-runbook';
import { runbookCommands } from '../../../runtime/system/runbook-commands';
import type { DatedSet, SetsStatus } from '../../../runtime/observe/status/set-status';
import { composeRunbook } from '../../../runtime/system/runbook';
import { failureOf } from '../../support/failure-of';
import { MemoryStore } from '../../support/memory-store';
import { makesPoint, run, SOURCE, TIME } from './support';

const FACTS: RunbookFacts = {
  format: RUNBOOK_FORMAT,
  stack: 'Shop',
  account: '111122223333',
  region: 'eu-central-1',
  server: { PGHOST: 'orders.db.internal', PGPORT: '5432', PGDATABASE: "it's orders" },
  services: [
    { cluster: 'shop', service: 'web' },
    { cluster: 'shop', service: 'worker' },
  ],
  restorers: ['arn:aws:iam::111122223333:role/on-call'],
};

let store: MemoryStore;
beforeEach(() => (store = new MemoryStore(() => TIME)));

/** What is typed, in order. */
function commandsOf(text: string): string[] {
  const parts = text.split('```');
  return parts.filter((_, index) => index % 2 === 1).flatMap((part) => part.trim().split('\n'));
}

async function textOf(facts?: RunbookFacts): Promise<string> {
  return composeRunbook(await gatherRunbook(store, SOURCE, TIME, facts));
}

test('with a set: look, rehearse, restore with the stack’s services, look again; nothing else is to be typed', async () => {
  const set = await run(store, { dump: makesPoint });
  const text = await textOf(FACTS);
  const target = '--vault memory://vault --source orders';
  const restore = 'postgres-backup restore set latest --service web --service worker --cluster shop --clean';
  expect(commandsOf(text)).toEqual([
    `postgres-backup status ${target}`,
    'export PGHOST=orders.db.internal',
    "export PGDATABASE='it'\\''s orders'",
    'export PGPORT=5432',
    `${restore} --dry-run ${target}`,
    `${restore} ${target}`,
    `postgres-backup status ${target}`,
    `postgres-backup run --all ${target}`,
  ]);
  expect(text).toContain(`The newest set that can be restored: ${set.set}`);
  expect(text).toContain('`arn:aws:iam::111122223333:role/on-call`');
  expect(text).toContain('was never tried by a drill');
});

test('without a set it says so, and each component is restored by its own command', async () => {
  await run(store, { dump: makesPoint }, { record: 'none' });
  const text = await textOf();
  expect(text).toContain('No set that can be restored.');
  expect(commandsOf(text)).toContain('postgres-backup restore latest --clean --vault memory://vault --source orders');
  expect(commandsOf(text)).toContain('export PGDATABASE=orders');
  expect(commandsOf(text)).toContain('postgres-backup info latest --vault memory://vault --source orders');
  expect(text).toContain('The stack gave nobody `backup.grantRestore`');
});

const MIRRORS = [
  { name: 'uploads', from: 's3://acme-uploads', endpoint: null },
  { name: 'scans', from: 's3://scans', endpoint: 'https://minio.internal:9000' },
];

test('of several databases each is restored into that of its own name', async () => {
  await run(store, { dump: makesPoint }, { record: 'none' });
  const subject = await gatherRunbook(store, SOURCE, TIME);
  const { rehearse, restore } = runbookCommands({ ...subject, databases: ['orders', "it's"] });
  const target = '--vault memory://vault --source orders';
  expect(rehearse).toEqual([`postgres-backup info latest ${target}`]);
  expect(restore).toEqual([
    `PGDATABASE=orders postgres-backup restore latest --database orders --clean ${target}`,
    `PGDATABASE='it'\\''s' postgres-backup restore latest --database 'it'\\''s' --clean ${target}`,
  ]);
});

test('what a set holds of another store than S3 goes back to that store', async () => {
  await run(store, { dump: makesPoint });
  const subject = await gatherRunbook(store, SOURCE, TIME);
  const newestGood = {
    ...(subject.status.sets?.newestGood as DatedSet),
    members: [{ component: 'objects', outcome: 'passed' }] as const,
  };
  const status = { ...subject.status, sets: { ...(subject.status.sets as SetsStatus), newestGood } };
  const [restore] = runbookCommands({ ...subject, status, mirrors: MIRRORS }).restore;
  expect(restore).toContain(
    '--objects-to uploads=s3://acme-uploads --objects-to scans=s3://scans --objects-endpoint scans=https://minio.internal:9000',
  );
});

test('what the stack left in the vault is there when the stack is gone', async () => {
  await run(store, { dump: makesPoint });
  const key = await storeRunbook(store, SOURCE, FACTS, TIME);
  expect(key).toBe('orders/reports/runbook.md');
  expect(await readText(store, key)).toBe(await textOf(FACTS));
  expect(await textOf()).toBe(await textOf(FACTS));
});

test('facts that are none are told by where they lie, and not left out', async () => {
  await store.put(runbookKeys(SOURCE).facts, Buffer.from('{"format":"x"}'));
  expect(await failureOf(gatherRunbook(store, SOURCE, TIME))).toMatchObject({
    code: 'configuration-invalid',
    message: 'the facts for the runbook in memory://vault/orders/reports/runbook.json are not usable',
    detail: 'their format is "x"',
  });
});

test.each<[Partial<RunbookFacts> | null, string]>([
  [null, 'they are null, not an object'],
  [{ ...FACTS, account: '' }, 'stack, account or region is not stated'],
  [{ ...FACTS, services: [{ cluster: 'shop', service: '' }] }, 'a service is not named'],
  [{ ...FACTS, server: { PGHOST: '' } }, 'the server is not stated'],
  [{ ...FACTS, restorers: [''] }, 'who may restore is not stated'],
])('facts %# are refused', (facts, problem) => {
  expect(runbookFactsProblem(facts)).toBe(problem);
});

test('what a stack is called steers no terminal', async () => {
  await run(store, { dump: makesPoint });
  expect(await textOf({ ...FACTS, stack: 'a\u001b[2J' })).not.toContain('\u001b');
});
