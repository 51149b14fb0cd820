/** The settings that lead a server to a moment, and those that must not come along. */
import { spawnSync } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { findServerTools } from '../../../runtime/postgres/server-tools';
import { recoverySettings, restoreCommand, writeAutoConf, writeMissingFiles } from '../../../runtime/recovery/settings';

let directory: string;
beforeEach(async () => void (directory = await mkdtemp(path.join(tmpdir(), 'postgres-backup-settings-'))));
afterEach(() => rm(directory, { recursive: true, force: true }));

/** What PostgreSQL would see of a program that ends so. */
async function statusOf(ending: string): Promise<number | null> {
  const program = path.join(directory, "archive get's");
  await writeFile(
    program,
    `#!/bin/sh\n[ "$1" = archive-get ] && [ "$5 $7" = 's3://acme vault orders' ] || exit 9\n${ending}\n`,
    {
      mode: 0o755,
    },
  );
  const archive = {
    program: [program],
    vault: 's3://acme vault',
    source: 'orders',
    systemIdentifier: '7564537891234567890',
  };
  const command = restoreCommand({ ...archive, options: [] });
  const asServer = command.replace(
    /%(.)/g,
    (_all, letter: string) => ({ f: 'file', p: 'path', '%': '%' })[letter] ?? '',
  );
  return spawnSync('sh', ['-c', asServer]).status;
}

test.each([
  ['found', 'exit 0', 0],
  ['certainly not archived', 'exit 66', 66],
  ['a crash of Node', 'exit 1', 200],
  ['wrong usage', 'exit 2', 200],
  ['killed', 'kill -9 $$', 200],
  ['could not read', 'exit 200', 200],
])('restore_command: %s', async (_what, ending, status) => {
  expect(await statusOf(ending)).toBe(status);
});

test('what leads elsewhere does not come along; what is somebody’s own does', async () => {
  const file = path.join(directory, 'postgresql.auto.conf');
  const elsewhere = [
    "archive_mode = 'on'",
    "archive_command = 'push %p'",
    "primary_conninfo = 'host=primary password=secret'",
    "primary_slot_name = 'standby'",
    "recovery_target_time = '2020-01-01'",
    "restore_command = 'false'",
    "synchronous_standby_names = 'ANY 1 (receiver)'",
  ];
  await writeFile(file, `# Do not edit\nwork_mem = '64MB'\n${elsewhere.join('\n')}\n`);
  await writeAutoConf(directory, recoverySettings({ kind: 'name', name: "it's" }, 3, 'get %f'));
  const written = await readFile(file, 'utf8');
  expect(written).toMatchInlineSnapshot(`
   "# Do not edit
   work_mem = '64MB'
   # By postgres-backup restore. A restored server archives nothing, and its commits wait for no other, until this is taken out:
   archive_mode = 'off'
   synchronous_standby_names = ''
   restore_command = 'get %f'
   recovery_target_timeline = '3'
   recovery_target_inclusive = 'on'
   recovery_target_action = 'pause'
   recovery_target = ''
   recovery_target_time = ''
   recovery_target_lsn = ''
   recovery_target_xid = ''
   recovery_target_name = 'it''s'
   "
  `);
  for (const line of elsewhere) expect(written).not.toContain(line);
  // Once it is a primary, nothing of the way is left, and it still archives nothing and waits for nobody.
  await writeAutoConf(directory, {});
  const after = await readFile(file, 'utf8');
  expect(after).toMatch(
    /^# Do not edit\nwork_mem = '64MB'\n# By postgres-backup restore[^\n]*\narchive_mode = 'off'\nsynchronous_standby_names = ''\n$/,
  );
});

test.each([
  [
    'a time',
    { kind: 'time', at: new Date('2026-11-20T02:55:00.123Z') },
    { recovery_target_time: '2026-11-20 02:55:00.123+00' },
  ],
  ['a position', { kind: 'lsn', lsn: 0x16b374d848n }, { recovery_target_lsn: '16/B374D848' }],
] as const)('a target is always set, and never more than one: %s', (_what, target, expected) => {
  const settings = recoverySettings(target, 1, 'get');
  expect(settings).toMatchObject({ ...expected, recovery_target_action: 'pause', recovery_target_timeline: '1' });
  const targets = Object.entries(settings).filter(([name]) => /^recovery_target(_(time|lsn|name|xid))?$/.test(name));
  expect(targets).toHaveLength(5);
  expect(targets.filter(([, value]) => value !== '')).toHaveLength(1);
});

test('a target that somebody left in the settings that were backed up is no second one, for the server itself', async () => {
  const { postgres } = await findServerTools();
  await chmod(directory, 0o700);
  await writeFile(path.join(directory, 'postgresql.conf'), `recovery_target_time = '2020-01-01 00:00:00+00'\n`);
  const settings = recoverySettings({ kind: 'lsn', lsn: 0x16b374d848n }, 1, 'get');
  const asked = (args: readonly string[]) =>
    spawnSync(postgres, ['-C', 'recovery_target_lsn', '-D', directory, ...args], { encoding: 'utf8' });
  const one = asked(['-c', 'recovery_target_lsn=16/B374D848']);
  expect(one.stderr).toMatch(/multiple recovery targets/);
  // On its command line, and in the file that is left behind.
  const all = asked(Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]));
  expect([all.status, all.stdout]).toEqual([0, '16/B374D848\n']);
  await writeAutoConf(directory, settings);
  const left = asked([]);
  expect([left.status, left.stdout]).toEqual([0, '16/B374D848\n']);
});

test('files that Debian keeps elsewhere are made, and let nobody in from outside; those that are there stay', async () => {
  await writeFile(path.join(directory, 'pg_hba.conf'), 'local all all scram-sha-256\n');
  expect(await writeMissingFiles(directory, { max_connections: '300' }, undefined)).toEqual([
    'postgresql.conf',
    'pg_ident.conf',
  ]);
  expect(await readFile(path.join(directory, 'postgresql.conf'), 'utf8')).toMatch(
    /listen_addresses = ''\nmax_connections = 300\n/,
  );
  expect(await readFile(path.join(directory, 'pg_hba.conf'), 'utf8')).toBe('local all all scram-sha-256\n');
});
