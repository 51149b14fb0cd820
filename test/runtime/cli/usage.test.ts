import { runCli, TARGET } from './support/harness';

test.each([
  [['backup', 'dump', ...TARGET, '--jobs', '0'], "'0'", '1 to 64'],
  [['backup', 'dump', ...TARGET, '--jobs', '65'], "'65'", '1 to 64'],
  [['backup', 'dump', ...TARGET, '--jobs', '2.5'], "'2.5'", '1 to 64'],
  [['backup', 'dump', ...TARGET, '--jobs', '1e1'], "'1e1'", '1 to 64'],
  [['backup', 'dump', ...TARGET, '--jobs', ' 4'], "' 4'", '1 to 64'],
  [['backup', 'dump', ...TARGET, '--compression-level', '20'], "'20'", '1 to 19'],
  [['backup', 'dump', ...TARGET, '--minimum-tables', '-1'], "'-1'", '0 to 10,000,000'],
  [['backup', 'dump', ...TARGET, '--lock-timeout', '0'], "'0'", 'from 1 s to 86,400 s'],
  [['backup', 'dump', ...TARGET, '--deadline', '2 weeks'], "'2 weeks'", 'from 1 s to 604,800 s'],
  [['backup', 'dump', ...TARGET, '--deadline', '8d'], "'8d'", 'from 1 s to 604,800 s'],
  [['backup', 'dump', ...TARGET, '--class', 'dayly'], "'dayly'", 'hourly, daily, weekly'],
  [['backup', 'dump', ...TARGET, '--scheduled-at', '2026-11-20 02:00'], "'2026-11-20 02:00'", 'with its zone'],
  [['backup', 'dump', ...TARGET, '--scheduled-at', '2026-02-30T02:00:00Z'], "'2026-02-30T02:00:00Z'", 'ISO 8601'],
  [['backup', 'dump', ...TARGET, '--scheduled-at', '2026-11-20T25:00:00Z'], "'2026-11-20T25:00:00Z'", 'ISO 8601'],
  [['backup', 'dump', ...TARGET, '--database', ' '], "' '", 'empty'],
  [['backup', 'dump', '--vault', 's3://v', '--source', 'Orders'], "'Orders'", 'lower-case'],
  [['restore', 'newest', ...TARGET], "'newest'", 'latest'],
  [['restore', '20260230T021003Z-4k2m9x', ...TARGET], "'20260230T021003Z-4k2m9x'", 'latest'],
  [['restore', ...TARGET], 'it is not said what to restore', 'latest'],
  [['verify', 'latest', ...TARGET, '--depth', 'deep'], "'deep'", 'stored, read'],
  [['info', ...TARGET, '--limit', '0'], "'0'", '1 to 10,000'],
  [['info', 'latest', 'twice', ...TARGET], 'too many arguments', '--help'],
  [['info', '--valt', 's3://v'], "'--valt'", 'Did you mean --vault?'],
  [['infos'], "'infos'", 'Did you mean info?'],
  [['backup', 'dmup'], "'dmup'", 'Did you mean dump?'],
  [['info', '--vault'], "'--vault <uri>'", 'argument missing'],
])(
  '%j is wrong usage: nothing is begun, and the error quotes the value and says what to do',
  async (argv, quoted, advice) => {
    const ran = await runCli(argv, { env: { PGDATABASE: 'orders' } });
    expect(ran.exitCode).toBe(2);
    expect(ran.stderr).toMatch(/^error: /);
    expect(ran.stderr).toContain(quoted);
    expect(ran.stderr).toContain(advice);
    expect(ran.stdout).toBe('');
    expect([...ran.vaults, ...ran.backups, ...ran.restores, ...ran.checks]).toEqual([]);
  },
);

test.each([
  [['--schema-only', '--data-only'], "'--schema-only'"],
  [['--all-databases', '--database', 'orders'], "'--all-databases'"],
])('a dump cannot be asked for with %j', async (options, named) => {
  const ran = await runCli(['backup', 'dump', ...TARGET, ...options]);
  expect(ran.exitCode).toBe(2);
  expect(ran.stderr).toContain(named);
  expect(ran.backups).toEqual([]);
});

test.each([
  [['--schema-only', '--data-only']],
  [['--data-only', '--clean']],
  [['--data-only', '--create']],
  [['--clean', '--table', 'public.customers']],
])('a restore cannot be asked for with %j', async (options) => {
  const ran = await runCli(['restore', 'latest', ...TARGET, ...options], { env: { PGDATABASE: 'orders' } });
  expect(ran.exitCode).toBe(2);
  expect(ran.stderr).toContain(options[0]);
  expect(ran.restores).toEqual([]);
});

test('without a vault or a source the error says how to give it', async () => {
  const noVault = await runCli(['info']);
  expect(noVault.exitCode).toBe(2);
  expect(noVault.stderr).toBe(
    'error: no vault is given\n  hint: Give --vault s3://bucket[/prefix], or set POSTGRES_BACKUP_VAULT.\n',
  );
  const noSource = await runCli(['info', '--vault', 's3://v']);
  expect(noSource.exitCode).toBe(2);
  expect(noSource.stderr).toContain('no source is given');
});

test('a connection URL in the wrong place does not show its password', async () => {
  const url = 'postgres://app:s3cr3t@db.internal/orders';
  for (const argv of [
    ['restore', url, ...TARGET],
    ['info', 'latest', url, ...TARGET],
    [url],
    ['--vault', url],
    ['info', `--${url}`],
  ]) {
    const ran = await runCli(argv);
    expect(ran.exitCode).toBe(2);
    expect(ran.stdout + ran.stderr).not.toContain('s3cr3t');
  }
  const asJson = await runCli(['restore', url, ...TARGET, '--json']);
  expect(asJson.stdout).toContain('postgres://app:***@db.internal/orders');
  expect(asJson.stdout).not.toContain('s3cr3t');
});

test('with --json wrong usage is one JSON document on stdout too', async () => {
  const ran = await runCli(['info', '--json', '--valt']);
  expect(ran.exitCode).toBe(2);
  expect(JSON.parse(ran.stdout)).toEqual({
    format: 'postgres-backup/error/1',
    outcome: 'failed',
    error: {
      code: 'usage',
      message: "unknown option '--valt'",
      hint: 'Did you mean --vault? See postgres-backup --help, or --help after a command.',
    },
  });
});
