import type { MomentReport, MomentRequest } from '../../../runtime/recovery/types';
import { runCli, TARGET } from './support/harness';

const REPORT: MomentReport = {
  outcome: 'passed',
  source: 'orders',
  point: '20261120T021003Z-4k2m9x',
  target: '2026-11-20T02:55:00.000Z',
  timeline: 1,
  dataDirectory: '/srv/restored',
  end: 'promoted',
  reached: { lsn: '0/5000100', lastTransactionAt: '2026-11-20 02:54:59.123456' },
  canary: { outcome: 'passed', finding: 'transaction 743 is the last before it' },
  durationMs: 72_000,
  warnings: [],
};

async function restore(argv: readonly string[], report = REPORT, env: NodeJS.ProcessEnv = {}) {
  const asked: MomentRequest[] = [];
  const moments = {
    restore: async (request: MomentRequest) => {
      asked.push(request);
      return report;
    },
  };
  return { ...(await runCli(['restore', ...TARGET, ...argv], { moments, env })), asked };
}

const INTO = ['--data-directory', '/srv/restored'];

test('a moment in place of a point restores a whole server; no database is asked for', async () => {
  const ran = await restore(['--to-time', '2026-11-20T02:55:00Z', ...INTO], REPORT, {
    AWS_REGION: 'eu-central-1',
    PGPASSWORD: 'secret',
  });
  expect(ran).toMatchObject({ exitCode: 0, serverEnvironments: [], restores: [] });
  expect(ran.asked).toMatchObject([
    {
      source: 'orders',
      target: { kind: 'time', at: new Date('2026-11-20T02:55:00Z') },
      dataDirectory: '/srv/restored',
      end: 'promote',
      program: ['/usr/bin/node', '/opt/postgres-backup.js'],
      environment: { AWS_REGION: 'eu-central-1' },
    },
  ]);
  expect(ran.asked[0].environment).not.toHaveProperty('PGPASSWORD');
  expect(ran.stdout).toMatchInlineSnapshot(`
   "  reached 0/5000100 on timeline 1, last transaction 2026-11-20 02:54:59.123456
     ✓ transaction 743 is the last before it
   restored: to 2026-11-20T02:55:00.000Z from 20261120T021003Z-4k2m9x · promoted · 1 min 12 s
     it is not running; start it: pg_ctl start -D /srv/restored
   "
  `);
});

test.each([
  [['--to-lsn', '16/B374D848'], { target: { kind: 'lsn', lsn: 0x16b374d848n } }],
  [['--to-name', 'before the release'], { target: { kind: 'name', name: 'before the release' } }],
  [['--to-latest', '--timeline', '2', '--pause'], { target: { kind: 'latest' }, timeline: 2, end: 'pause' }],
  [['--to-latest', '--no-start'], { end: 'no start' }],
  [['--to-latest', '--base', '20261120T021003Z-4k2m9x'], { base: '20261120T021003Z-4k2m9x' }],
  [['--to-latest', '--tablespace-mapping', '/a=/b'], { tablespaces: new Map([['/a', '/b']]) }],
])('%j reaches the restore', async (options, expected) => {
  expect((await restore([...options, ...INTO])).asked).toMatchObject([expected]);
});

test.each([
  ['nothing to restore', [], /not said what to restore/],
  ['a point and a moment', ['latest', '--to-latest', ...INTO], /a point and a moment are both given/],
  ['two moments', ['--to-latest', '--to-lsn', '0/1', ...INTO], /more than one moment/],
  ['no directory', ['--to-latest'], /--data-directory/],
  ['an option of a database', ['--to-latest', '--clean', ...INTO], /--clean is of a database/],
  ['a time without a zone', ['--to-time', '2026-11-20T02:55:00', ...INTO], /with its zone/],
  ['a position that is none', ['--to-lsn', '16-B3', ...INTO], /16\/B374D848/],
  ['a mapping that is none', ['--to-latest', '--tablespace-mapping', 'a=b', ...INTO], /two absolute directories/],
])('%s is wrong usage, and nothing is begun', async (_what, argv, message) => {
  const ran = await restore(argv);
  expect(ran).toMatchObject({ exitCode: 2, asked: [] });
  expect(ran.stderr).toMatch(message);
});

test.each([
  ['failed', 1],
  ['could not verify', 3],
] as const)('a canary that %s ends with %d', async (outcome, exitCode) => {
  const canary = { outcome, finding: 'the last transaction is another' };
  const ran = await restore(['--to-latest', ...INTO], { ...REPORT, outcome, canary, end: 'not promoted' });
  expect(ran.exitCode).toBe(exitCode);
  expect(ran.stdout).toContain('the last transaction is another');
});
