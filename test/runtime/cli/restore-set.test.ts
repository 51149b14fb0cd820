import { SET_FORMAT, type BackupSet, type Component, type SetMember } from '../../../model';
import type { RestoreSetRequest, ServiceControl } from '../../../runtime/system/restore-set';
import type { StepSurroundings } from '../../../runtime/system/perform-step';
import type { SystemTools } from '../../../runtime/system/tools';
import { examplePoint, NOW, runCli, TARGET } from './support/harness';

const POINT = '20261120T021003Z-4k2m9x';

function member(component: Component): SetMember {
  return {
    component,
    outcome: 'passed',
    point: POINT,
    manifestSha256: 'a'.repeat(64),
    durationMs: 1,
    storedBytes: 1,
    items: 1,
    error: null,
  };
}

const SET: BackupSet = {
  format: SET_FORMAT,
  set: POINT,
  source: 'orders',
  class: 'manual',
  outcome: 'passed',
  startedAt: NOW.toISOString(),
  finishedAt: NOW.toISOString(),
  durationMs: 1,
  members: (['configuration', 'dump', 'objects', 'files'] as const).map(member),
  references: [],
  totals: { storedBytes: 4 },
  warnings: [],
  tool: { name: 'postgres-backup', version: '1.2.3' },
};
/** The harness knows one point of each id: this is the dump's, with the entries of the configuration's, and mirrors. */
const WITH_ENTRIES = {
  ...examplePoint(),
  manifest: {
    ...examplePoint().manifest,
    mirrors: [{ name: 'uploads' }, { name: 'thumbnails' }],
    entries: [
      { kind: 'parameter', name: 'parameter:/orders/flags' },
      { kind: 'secret', name: 'secret:orders/smtp' },
      { kind: 'text', name: 'text:notes' },
    ],
  },
};
const NO_SERVICES: ServiceControl = {
  desiredCount: async () => 0,
  stop: async () => undefined,
  start: async () => undefined,
};
const UPLOADS = ['--objects-to', 'uploads=s3://acme-uploads'];
const EVERYTHING = [...UPLOADS, '--skip-mirror', 'thumbnails', '--files-to', '/srv/files', '--service', 'web'];

async function restored(argv: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const requests: RestoreSetRequest[] = [];
  const surroundings: StepSurroundings[] = [];
  const system: Partial<SystemTools> = {
    findSet: async () => SET,
    services: () => {
      throw new Error('nothing may be stopped');
    },
    perform: async (_step, around) => {
      surroundings.push(around);
      return '';
    },
    restore: async (request, { perform }) => {
      requests.push(request);
      for (const step of request.steps) await perform(step);
      const steps = [{ name: 'database orders', outcome: 'failed', detail: 'no\u001b[2Jroom', durationMs: 1 }] as const;
      return { set: POINT, outcome: 'failed', steps, checks: [], notStarted: ['web'] };
    },
  };
  const services: Partial<SystemTools> = argv.includes('--dry-run') ? {} : { services: () => NO_SERVICES };
  const points = [WITH_ENTRIES];
  const ran = await runCli(['restore', 'set', 'latest', ...argv, ...TARGET], {
    system: { ...system, ...services },
    points,
    env,
  });
  return { ...ran, requests, surroundings };
}

test('--dry-run says which commands would be run, and stops nothing', async () => {
  const { exitCode, stdout, requests } = await restored(['--dry-run', '--clean', ...EVERYTHING]);
  expect(exitCode).toBe(0);
  expect(requests).toEqual([]);
  expect(stdout.split('\n').slice(0, 8)).toEqual([
    'stop web',
    `configuration: what differs: postgres-backup restore configuration ${POINT}`,
    `database orders: postgres-backup restore ${POINT} --clean`,
    `objects: uploads: postgres-backup restore objects ${POINT} --mirror uploads --to s3://acme-uploads`,
    `files: postgres-backup restore files ${POINT} --to /srv/files`,
    'checks',
    'start web',
    `orders: set ${POINT} would be restored in 7 steps; nothing was changed`,
  ]);
});

test.each<[string[], string[]]>([
  [['--configuration', 'skip'], []],
  [
    ['--configuration', 'apply', '--parameter-key', 'alias/orders'],
    [
      `restore configuration ${POINT}`,
      `restore configuration ${POINT} --apply --name parameter:/orders/flags --name secret:orders/smtp --parameter-key alias/orders`,
    ],
  ],
  [
    ['--configuration', 'apply', '--configuration-name', 'secret:orders/smtp'],
    [`restore configuration ${POINT}`, `restore configuration ${POINT} --apply --name secret:orders/smtp`],
  ],
])('%j: what differs is said first, and written back by name, before the database', async (argv, commands) => {
  const { requests } = await restored([...argv, ...EVERYTHING]);
  const steps = requests.flatMap((request) => request.steps.map((step) => step.argv.join(' ')));
  expect(steps.slice(0, commands.length)).toEqual(commands);
  expect(steps[commands.length]).toBe(`restore ${POINT}`);
});

test('a mirror goes into another store with its own endpoint and secret; each mirror is named', async () => {
  const minio = ['uploads=s3://new', 'uploads=https://minio.internal:9000', 'uploads=orders/minio'];
  const { requests } = await restored([
    ...['--objects-to', minio[0], '--objects-endpoint', minio[1], '--objects-secret', minio[2]],
    ...['--objects-to', 'thumbnails=s3://acme-thumbnails', '--files-to', '/srv/files'],
  ]);
  const argvs = requests[0].steps.map(({ argv }) => argv).filter(([, component]) => component === 'objects');
  const uploads = ['restore', 'objects', POINT, '--mirror', 'uploads', '--to', 's3://new'];
  expect(argvs).toEqual([
    [...uploads, '--to-endpoint', 'https://minio.internal:9000', '--to-secret', 'orders/minio'],
    ['restore', 'objects', POINT, '--mirror', 'thumbnails', '--to', 's3://acme-thumbnails'],
  ]);
});

test('the databases go to the server that the options name, and not to that of the environment', async () => {
  const { surroundings, serverEnvironments } = await restored([...EVERYTHING, '--secret', 'orders/new'], {
    PGHOST: 'old.internal',
  });
  expect(surroundings.map(({ env }) => env.POSTGRES_BACKUP_SECRET)).toEqual(Array(4).fill('orders/new'));
  expect(serverEnvironments[0]).toMatchObject({ POSTGRES_BACKUP_SECRET: 'orders/new' });
});

test('what failed, and what is still stopped, is told; it ends with 1', async () => {
  const { exitCode, stdout, requests } = await restored(EVERYTHING);
  expect(exitCode).toBe(1);
  expect(requests).toMatchObject([{ set: POINT, services: ['web'] }]);
  expect(stdout).toContain('web is still stopped: start it by hand');
  expect(stdout).not.toContain('\u001b');
});

test.each([
  [[], 'the set has objects, and it is not said where those of the mirror uploads go'],
  [UPLOADS, 'the set has objects, and it is not said where those of the mirror thumbnails go'],
  [[...EVERYTHING, '--objects-to', 'upload=s3://b'], 'the set has no mirror "upload"'],
  [[...EVERYTHING, '--skip-mirror', 'upload'], 'the set has no mirror "upload"'],
  [['--objects-endpoint', 'uploads=https://minio'], 'it is said of which store uploads is, but not where to'],
  [[...UPLOADS, ...UPLOADS], 'It is given twice for that mirror.'],
  [['--skip', 'objects'], 'the set has files, and it is not said where they go'],
  [['--skip', 'objects', '--skip', 'files', '--skip', 'wal'], '--skip wal: the set has none'],
  [
    ['--configuration-name', 'parameter:/a', ...EVERYTHING],
    '--configuration-name is given, but nothing is written back',
  ],
  [
    ['--configuration', 'apply', '--configuration-name', 'text:notes', ...EVERYTHING],
    'the set has no entry "text:notes" to write back',
  ],
  [['--objects-to', 'uploads'], 'Give the mirror’s name and its bucket'],
])('%j is wrong usage: nothing is left out by accident', async (argv, message) => {
  const { exitCode, stderr, requests } = await restored(argv);
  expect(exitCode).toBe(2);
  expect(stderr).toContain(message);
  expect(requests).toEqual([]);
});
