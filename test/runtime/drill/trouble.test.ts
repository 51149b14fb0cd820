/** A drill that cannot get to its end says why, says nothing of the backup that it does not know, and leaves nothing behind. */
import { fork } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { drillKey, type Drill } from '../../../model';
import type { DumpPoint } from '../../../runtime/catalog/recovery-point';
import { runDrill } from '../../../runtime/drill/drill';
import { readDrill } from '../../../runtime/drill/records';
import { makeScratch } from '../../../runtime/drill/scratch';
import type { DrillContext, DrillRequest } from '../../../runtime/drill/types';
import { BackupError } from '../../../runtime/errors';
import { silentReporter, type Reporter } from '../../../runtime/observe/reporter';
import { FaultyStore } from '../../support/faulty-store';
import { Lab } from '../../support/lab';
import { isAlive, until } from '../../support/processes';
import { backUp, drill, findings, REQUEST } from './support/drill-lab';
import { putManifest } from './support/put-manifest';
import { rewriteArchive } from './support/rewrite-archive';

const SMALL = `CREATE EXTENSION hstore; CREATE TABLE t (id serial PRIMARY KEY, h hstore);
  INSERT INTO t (h) SELECT hstore('n', i::text) FROM generate_series(1, 1000) i;`;

let lab: Lab;
let parent: string;

beforeAll(async () => {
  lab = await Lab.start();
  await lab.database('small', SMALL);
});

beforeEach(async () => {
  // Short: the path of a socket has 107 bytes at most.
  parent = await mkdtemp(path.join(tmpdir(), 'pgb-'));
  // Root lends the server another user, who must get through.
  await chmod(parent, 0o711);
});

afterEach(() => rm(parent, { recursive: true, force: true }));

afterAll(() => lab.stop());

/** Drills in a directory of its own, and sees to it that nothing is left there. */
async function drillIn(
  point: DumpPoint | 'latest',
  request: Partial<DrillRequest> = {},
  context: Partial<DrillContext> = {},
): Promise<Drill> {
  const made = await drill(lab, point, { scratchParent: parent, ...request }, context);
  expect(await readdir(parent)).toEqual([]);
  return made;
}

/** Does something as soon as a step begins. */
function onStep(name: string, act: () => void): Reporter {
  return {
    ...silentReporter,
    begin: (step, options) => {
      if (step === name) act();
      return silentReporter.begin(step, options);
    },
  };
}

const could = (made: Drill): [string, string | undefined, number | null] => [
  made.outcome,
  made.failure?.code,
  made.restoreMs,
];

test('no room: refused before a server is started', async () => {
  const point = await putManifest(lab, await backUp(lab, 'small'), (database) => ({ ...database, sizeBytes: 1e15 }));
  const made = await drillIn(point);
  expect(could(made)).toEqual(['could not verify', 'disk-full', null]);
  expect(findings(made)).toMatch(/has .* left, too little for a drill: The largest database takes 1.0 PB/);
  expect(made.versions.drill).toBeNull();
});

test('no server programs of that major version', async () => {
  const server = { version: '18.1', major: 18, standby: false };
  const made = await drillIn(await putManifest(lab, await backUp(lab, 'small'), (database) => database, { server }));
  expect(could(made)).toEqual(['could not verify', 'tool-missing', null]);
  expect(findings(made)).toMatch(/PostgreSQL 18/);
});

test('out of time, in the middle of the rows: recorded as such, and cleaned up', async () => {
  const stop = new AbortController();
  const reporter = onStep('data', () => stop.abort(new BackupError('deadline-exceeded', 'not finished after 1 s')));
  const made = await drillIn(await backUp(lab, 'small'), {}, { signal: stop.signal, reporter });
  expect(could(made)).toEqual(['could not verify', 'deadline-exceeded', null]);
  expect((await readDrill(lab.store, drillKey('orders', made.drill))).drill).toEqual(made);
});

test('its own server is killed: that says nothing of the backup', async () => {
  const reporter = onStep('comparing', () => process.kill(serverPid(), 'SIGKILL'));
  const made = await drillIn(await backUp(lab, 'small'), {}, { reporter });
  expect(could(made)).toEqual(['could not verify', 'drill-server-ended', null]);
});

/** At once: a step begins while this is looked up. */
function serverPid(): number {
  const [scratch] = readdirSync(parent);
  const server = readdirSync(path.join(parent, scratch)).find((name) => /^postgres-backup-\w{6}$/.test(name)) ?? '';
  return Number(readFileSync(path.join(parent, scratch, server, 'data', 'postmaster.pid'), 'utf8').split('\n')[0]);
}

test('an extension that this machine has not, or that nobody vouched for', async () => {
  const forged = await rewriteArchive(lab, await backUp(lab, 'small'), 'hstore', 'hstorx');
  const unasked = await drillIn(forged);
  expect(could(unasked)).toEqual(['could not verify', 'extension-missing', null]);
  expect(findings(unasked)).toMatch(/does not make the extension "hstorx" unasked/);
  const allowed = await drillIn(forged, { allowedExtensions: ['hstorx'] });
  expect(could(allowed)).toEqual(['could not verify', 'extension-missing', null]);
  expect(findings(allowed)).toMatch(/the drill's server has no extension "hstorx"/);
});

test('a damaged archive has failed; a store that does not answer has not been asked', async () => {
  const point = await backUp(lab, 'small');
  const damaged = new FaultyStore(lab.store, [{ on: 'get', key: /data-001/, effect: 'flip-bit' }]);
  expect(could(await drillIn(point, {}, { store: damaged }))).toEqual(['failed', 'object-damaged', null]);
  expect(damaged.fired).not.toEqual([]);
  const silent = new FaultyStore(lab.store, [{ on: 'list', effect: 'fail' }]);
  const request = { ...REQUEST, point: 'latest', scratchParent: parent };
  const { drill: made, key } = await runDrill(request, { ...lab.context({}), store: silent });
  expect(could(made)).toEqual(['could not verify', 'store-unreachable', null]);
  expect(key).toBeNull();
});

test('a drill that passed and could not be recorded has not passed', async () => {
  const point = await backUp(lab, 'small');
  const store = new FaultyStore(lab.store, [{ on: 'put', key: /drill\.json$/, effect: 'fail' }]);
  const made = await drillIn(point, {}, { store });
  expect(store.fired).toHaveLength(1);
  expect(made.databases[0].comparisons.map(({ outcome }) => outcome)).toContain('passed');
  expect([made.outcome, made.failure?.code]).toEqual(['could not verify', 'store-unreachable']);
});

test('no recovery point at all, and a check for a database that is not there', async () => {
  const none = await drillIn('latest', { source: 'nobody' });
  expect([none.outcome, none.failure?.code, none.point]).toEqual(['failed', 'point-missing', null]);
  const checks = [{ name: 'a', sql: 'SELECT 1', database: 'other', expect: { kind: 'returns rows' as const } }];
  const made = await drillIn(await backUp(lab, 'small'), { checks });
  expect([made.outcome, made.failure?.code]).toEqual(['could not verify', 'database-missing']);
});

describe('a drill that is killed', () => {
  test('takes its server along, and the next one its files', async () => {
    const child = await startElsewhere();
    const pid = serverPid();
    child.kill('SIGKILL');
    await until('the server ends', () => !isAlive(pid));
    expect(await readdir(parent)).toHaveLength(1);
    const next = await makeScratch(parent);
    expect(await readdir(parent)).toEqual([path.basename(next.directory)]);
    await next.remove();
  });

  test('what lives, and what is only just being made, is not swept', async () => {
    const [living, young, old] = ['living', 'young', 'old'].map((name) =>
      path.join(parent, `postgres-backup-drill-${name}`),
    );
    for (const directory of [young, old]) await mkdir(directory);
    await utimes(old, new Date(0), new Date(0));
    const other = await makeScratch(parent);
    await mkdir(living);
    await writeFile(path.join(living, 'owner'), await readFile(path.join(other.directory, 'owner')));
    const next = await makeScratch(parent);
    expect((await readdir(parent)).sort()).toEqual(
      [living, young, other.directory, next.directory].map((one) => path.basename(one)).sort(),
    );
  });
});

/** A process that makes a scratch directory and a drill's server in it, and waits. */
async function startElsewhere(): Promise<ReturnType<typeof fork>> {
  const directory = await mkdtemp(path.join(tmpdir(), 'postgres-backup-test-'));
  const script = path.join(directory, 'starter.ts');
  const from = (name: string): string => JSON.stringify(path.resolve(__dirname, '../../../runtime/drill', name));
  await writeFile(
    script,
    `import { makeScratch } from ${from('scratch')};
     import { startDrillServer } from ${from('server')};
     void makeScratch(${JSON.stringify(parent)}).then(async ({ directory }) => {
       await startDrillServer(${lab.server.major}, directory);
       process.send?.('started');
       setInterval(() => undefined, 1000);
     });`,
  );
  const child = fork(script, { execArgv: ['--import', require.resolve('tsx')], stdio: 'ignore' });
  await new Promise<void>((resolve, reject) => {
    child.once('message', () => resolve()).once('exit', () => reject(new Error('the starter ended')));
  });
  await rm(directory, { recursive: true });
  return child;
}
