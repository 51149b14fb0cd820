import { pointId, RUN_CONFIGURATION_FORMAT, SET_FORMAT, type BackupSet, type RunConfiguration } from '../../../model';
import type { SystemTools } from '../../../runtime/system/tools';
import type { ObjectStore } from '../../../runtime/store/store';
import { addressOfSet, type SystemRunContext, type SystemRunRequest } from '../../../runtime/system/run-system';
import { writeSet } from '../../../runtime/system/sets';
import type { TaskStarter } from '../../../runtime/system/task';
import { MemoryStore } from '../../support/memory-store';
import { NOW, runCli, TARGET } from './support/harness';

const starter: TaskStarter = {
  start: async () => {
    throw new Error('nothing may be started');
  },
};
const CONFIGURATION: RunConfiguration = {
  format: RUN_CONFIGURATION_FORMAT,
  cluster: 'shop',
  tasks: (['dump', 'objects'] as const).map((component) => ({
    component,
    taskDefinition: `shop-${component}`,
    container: 'backup',
    subnets: ['subnet-1'],
    securityGroups: ['sg-1'],
  })),
};
const SET: BackupSet = {
  format: SET_FORMAT,
  set: '20261120T025530Z-4k2m9x',
  source: 'orders',
  class: 'manual',
  outcome: 'passed',
  startedAt: NOW.toISOString(),
  finishedAt: NOW.toISOString(),
  durationMs: 90_000,
  members: [
    {
      component: 'dump',
      outcome: 'passed',
      point: '20261120T025530Z-4k2m9x',
      manifestSha256: 'a'.repeat(64),
      durationMs: 80_000,
      storedBytes: 1_900_000,
      items: 7,
      error: null,
    },
  ],
  references: [],
  totals: { storedBytes: 1_900_000 },
  warnings: [],
  tool: { name: 'postgres-backup', version: '1.2.3' },
};

interface Seen {
  request?: SystemRunRequest;
  context?: SystemRunContext;
  configuration?: RunConfiguration;
  local?: unknown;
}

async function ran(
  argv: readonly string[],
  set: Partial<BackupSet> = {},
  env: NodeJS.ProcessEnv = {},
  store?: ObjectStore,
) {
  const seen: Seen = {};
  const system: Partial<SystemTools> = {
    configuration: async () => CONFIGURATION,
    deployedTasks: (configuration) => ((seen.configuration = configuration), starter),
    localTasks: (program) => ((seen.local = program), starter),
    run: async (request, context) => {
      Object.assign(seen, { request, context });
      return { ...SET, ...set };
    },
  };
  return { ...(await runCli(['run', ...TARGET, ...argv], { system, env: { HOME: '/root', ...env }, store })), seen };
}

test('--all runs what is deployed, as a set', async () => {
  const { exitCode, stdout, seen } = await ran(['--all']);
  expect(exitCode).toBe(0);
  expect(seen.configuration).toEqual(CONFIGURATION);
  expect(seen.request).toEqual({
    components: ['dump', 'objects'],
    class: 'manual',
    time: new Date('2026-11-20T02:55:30Z'),
    record: 'set',
    referenceQueries: [],
  });
  expect(seen.context).toMatchObject({ source: 'orders', until: 'made' });
  expect(stdout).toContain('dump       passed   20261120T025530Z-4k2m9x  1.9 MB  1 min 20 s');
  expect(stdout).toContain('orders: set 20261120T025530Z-4k2m9x passed');
});

test('a set of a schedule has its time and class from the environment, and is late a little before the deadline', async () => {
  const env = {
    POSTGRES_BACKUP_CLASS: 'daily',
    POSTGRES_BACKUP_SCHEDULED_AT: '2026-11-20T02:10:00Z',
    POSTGRES_BACKUP_DEADLINE: '3600',
    POSTGRES_BACKUP_REFERENCE_QUERIES: '["uploads=SELECT key FROM documents"]',
  };
  const { exitCode, seen } = await ran(['--all'], {}, env, new MemoryStore(() => NOW));
  expect(exitCode).toBe(0);
  expect(seen.request).toMatchObject({
    class: 'daily',
    time: new Date('2026-11-20T02:10:00Z'),
    record: 'set',
    referenceQueries: [{ mirror: 'uploads', sql: 'SELECT key FROM documents' }],
  });
  expect(seen.context?.patienceMs).toBe(3_480_000);
});

test.each([
  ['passed', 0],
  ['failed', 1],
  ['could not verify', 3],
] as const)('a set that is there and %s is not made again: the run ends with %d', async (outcome, code) => {
  const store = new MemoryStore(() => NOW);
  const time = new Date('2026-11-20T02:10:00Z');
  const address = addressOfSet({ class: 'daily', time }, { source: 'orders' });
  await writeSet(store, address, { ...SET, set: pointId(address), class: 'daily', outcome });
  const argv = ['--all', '--class', 'daily', '--scheduled-at', time.toISOString()];
  const { exitCode, stdout, seen } = await ran(argv, {}, {}, store);
  expect(seen.request).toBeUndefined();
  expect(exitCode).toBe(code);
  expect(stdout).toContain(`orders: set ${pointId(address)} ${outcome}`);
});

test('one component alone is no set', async () => {
  const { seen, stdout } = await ran(['--component', 'dump', '--verified', '--class', 'daily', '--json']);
  expect(seen.request).toMatchObject({ components: ['dump'], record: 'none', class: 'daily' });
  expect(seen.context?.until).toBe('verified');
  expect(JSON.parse(stdout)).toMatchObject({ format: 'postgres-backup/run/1', set: null, components: ['dump'] });
});

test('--local runs here, with this environment; --set makes a set of it', async () => {
  const { seen } = await ran(['--local', '--component', 'dump', '--component', 'files', '--set']);
  expect(seen.local).toEqual({ env: { HOME: '/root' }, vaultUri: 's3://acme-vault', source: 'orders' });
  expect(seen.request).toMatchObject({ components: ['dump', 'files'], record: 'set' });
});

test('--local backs up the server that the options name', async () => {
  const { seen } = await ran(['--local', '--component', 'dump', '--secret', 'orders/db']);
  expect(seen.local).toMatchObject({ env: { HOME: '/root', POSTGRES_BACKUP_SECRET: 'orders/db' } });
});

test('tasks can be named where the stack wrote down nothing', async () => {
  const where = ['--cluster', 'shop', '--subnet', 'subnet-9', '--security-group', 'sg-9'];
  const { seen } = await ran(['--component', 'dump', ...where, '--task-definition', 'dump=mine']);
  expect(seen.configuration).toEqual({
    format: RUN_CONFIGURATION_FORMAT,
    cluster: 'shop',
    tasks: [
      {
        component: 'dump',
        taskDefinition: 'mine',
        container: 'backup',
        subnets: ['subnet-9'],
        securityGroups: ['sg-9'],
      },
    ],
  });
});

test('a component that failed, and rows that refer to nothing, are told and end with 1', async () => {
  const { exitCode, stdout } = await ran(['--all', '--reference-query', 'uploads=SELECT key FROM documents'], {
    outcome: 'failed',
    members: [
      {
        ...SET.members[0],
        outcome: 'failed',
        point: null,
        manifestSha256: null,
        error: { code: 'task-failed', message: 'it was killed', detail: 'out of\nmemory' },
      },
    ],
    references: [
      { mirror: 'uploads', outcome: 'failed', references: 1200, missing: 1, examples: ['a/\u001b[2J'], problem: null },
      { mirror: 'other', outcome: 'could not verify', references: 0, missing: 0, examples: [], problem: 'no mirror' },
    ],
  });
  expect(exitCode).toBe(1);
  expect(stdout).toContain('dump: it was killed: out of\\nmemory');
  expect(stdout).toContain('references to uploads: 1 of 1,200 are not in the set (reference-missing)');
  expect(stdout).toContain('references to other: could not verify: no mirror');
  expect(stdout).not.toContain('\u001b');
});

test.each([
  [[], 'nothing to run is given'],
  [['--all', '--component', 'dump'], '--all and --component are both given'],
  [['--all', '--local'], '--all is of what is deployed'],
  [['--component', 'dump', '--component', 'dump'], 'It is given twice'],
  [['--component', 'dumps'], 'Give one of'],
  [['--component', 'dump', '--local', '--cluster', 'shop'], '--local and --cluster are both given'],
  [['--component', 'dump', '--cluster', 'shop'], '--cluster alone says not enough'],
  [['--component', 'dump', '--reference-query', 'uploads=SELECT 1'], 'no objects are backed up'],
  [['--all', '--reference-query', 'SELECT 1'], 'Give the mirror’s name and the query'],
])('%j is wrong usage', async (argv, message) => {
  const { exitCode, stderr, seen } = await ran(argv);
  expect(exitCode).toBe(2);
  expect(stderr).toContain(message);
  expect(seen.request).toBeUndefined();
});
