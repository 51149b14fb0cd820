// The script that finds or installs PostgreSQL and zstd, run as a process on a pretended system: PATH is one folder of
// small fakes, and the fake package managers note how they were called and install more fakes.
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const POSTGRES = ['initdb', 'postgres', 'pg_ctl', 'psql', 'pg_dump', 'pg_dumpall', 'pg_restore'];
const NOBODY = 65_534;
const isRoot = process.getuid?.() === 0;

let system: string;
let bin: string;

beforeEach(() => {
  system = mkdtempSync(path.join(os.tmpdir(), 'ensure-tools-'));
  bin = path.join(system, 'bin');
  mkdirSync(bin);
  cpSync(path.join(__dirname, '../../scripts'), path.join(system, 'scripts'), { recursive: true });
  // What the script and the fakes themselves start; nothing else of the real system is on the pretended PATH.
  fake('env', 'exec /usr/bin/env "$@"');
  fake('cp', 'exec /bin/cp "$@"');
  fake('true', 'exit 0');
});

afterEach(() => rmSync(system, { recursive: true, force: true }));

describe('when all is there', () => {
  test('it says nothing and installs nothing', () => {
    fakePostgres(bin, '17.12');
    fake('zstd', 'true');
    fakePackageManager('apt-get');
    expect(ensureTools()).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(calls()).toEqual([]);
  });

  test('PostgreSQL beside PATH, where distributions put it, is found', () => {
    fakePostgres(path.join(system, 'lib/postgresql/15/bin'), '15.20');
    fake('zstd', 'true');
    expect(ensureTools([path.join(system, 'lib/postgresql/*/bin')])).toEqual({ status: 0, stdout: '', stderr: '' });
  });
});

describe('what is not enough', () => {
  const insufficient: Record<string, () => void> = {
    'a client without its server': () => {
      fakePostgres(bin, '17.12');
      rmSync(path.join(bin, 'initdb'));
    },
    'a server and a client of different majors': () => {
      fakePostgres(bin, '17.12');
      fake('pg_dump', 'echo "pg_dump (PostgreSQL) 16.1"');
    },
    'a version before 14': () => fakePostgres(bin, '13.9'),
    'tools that do not say their version': () => {
      fakePostgres(bin, '17.12');
      for (const tool of ['postgres', 'pg_dump']) fake(tool, 'exit 1');
    },
    'a tool that may not be executed': () => {
      fakePostgres(bin, '17.12');
      chmodSync(path.join(bin, 'psql'), 0o644);
    },
  };

  test.each(Object.entries(insufficient))('%s', (_name, arrange) => {
    arrange();
    fake('zstd', 'true');
    const { status, stderr } = ensureTools();
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /^ensure-tools: PostgreSQL 14 or newer, server and client \(initdb, .*\) is missing; install/,
    );
  });

  test('PostgreSQL without zstd', () => {
    fakePostgres(bin, '17.12');
    expect(ensureTools().stderr).toMatch(/^ensure-tools: zstd is missing; install the packages/);
  });
});

describe('when something is missing', () => {
  test('without a package manager, one sentence says what to install', () => {
    const { status, stderr } = ensureTools();
    expect(status).toBe(1);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stderr).toContain('PostgreSQL 14 or newer');
    expect(stderr).toContain('zstd are missing');
    expect(stderr).toContain('sudo apt-get install postgresql zstd');
  });

  onlyRoot('apt-get installs it for root, after an update and without a question', () => {
    fakePackageManager('apt-get');
    expect(ensureTools().status).toBe(0);
    expect(calls()).toEqual([
      'apt-get noninteractive: -q -o DPkg::Lock::Timeout=120 update',
      'apt-get noninteractive: -q -o DPkg::Lock::Timeout=120 -y --no-install-recommends install postgresql zstd',
    ]);
  });

  test('brew installs it where there is no apt-get', () => {
    fakePackageManager('brew');
    expect(ensureTools().status).toBe(0);
    expect(calls()).toEqual(['brew : install postgresql@17 zstd']);
  });

  test('apt-get is run through sudo for another user, who is never asked for a password', () => {
    fakePackageManager('apt-get');
    fake('sudo', `echo "sudo $*" >> ${system}/calls; shift; exec "$@"`);
    expect(ensureTools([], 'not root').status).toBe(0);
    expect(calls().filter((call) => call.startsWith('sudo'))).toEqual([
      'sudo -n true',
      expect.stringMatching(/^sudo -n env DEBIAN_FRONTEND=noninteractive .*apt-get .* update$/),
      expect.stringMatching(/^sudo -n env DEBIAN_FRONTEND=noninteractive .*apt-get .* install postgresql zstd$/),
    ]);
  });

  test('where sudo would ask for a password, nothing is installed and the sentence is printed', () => {
    fakePackageManager('apt-get');
    fake('sudo', 'exit 1');
    expect(ensureTools([], 'not root')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('are missing') as string,
    });
    expect(calls()).toEqual([]);
  });

  test('an installation that fails is told with its command and its exit code', () => {
    fake('brew', 'exit 7');
    const { status, stderr } = ensureTools();
    expect(status).toBe(1);
    expect(stderr).toMatch(/could not be installed, ".*brew install postgresql@17 zstd" ended with 7/);
  });

  test('an installation killed by a signal has failed', () => {
    fake('brew', 'kill -KILL $$');
    expect(ensureTools()).toMatchObject({ status: 1, stderr: expect.stringContaining('ended by SIGKILL') as string });
  });

  test('an installation that says it succeeded is not believed: the tools are looked for again', () => {
    fake('brew', 'exit 0');
    const { status, stderr } = ensureTools();
    expect(status).toBe(1);
    expect(stderr).toContain('still missing after the installation: PostgreSQL 14');
  });
});

/** What only root can do is tested where the tests run as root. */
function onlyRoot(name: string, run: () => void): void {
  if (isRoot) test(name, run);
}

function ensureTools(usualFolders: string[] = [], user: 'mine' | 'not root' = 'mine') {
  const uid = isRoot && user === 'not root' ? NOBODY : undefined;
  if (uid !== undefined) openToEverybody();
  const script = path.join(system, 'scripts/ensure-tools.mjs');
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [script, '--usual-folders', usualFolders.join(path.delimiter)],
    { env: { PATH: bin }, encoding: 'utf8', uid },
  );
  return { status, stdout, stderr };
}

function openToEverybody(): void {
  for (const folder of [system, bin]) chmodSync(folder, 0o777);
}

/** Notes its call and, told to install, puts the tools on PATH. */
function fakePackageManager(name: string): void {
  const store = path.join(system, 'packages');
  fakePostgres(store, '17.12');
  fake('zstd', 'true', store);
  fake(
    name,
    `echo "${name} $DEBIAN_FRONTEND: $*" >> ${system}/calls; case "$*" in *install*) cp -p ${store}/* ${bin}/ ;; esac`,
  );
}

function fakePostgres(folder: string, version: string): void {
  for (const tool of POSTGRES) fake(tool, `echo "${tool} (PostgreSQL) ${version} (Debian)"`, folder);
}

function fake(name: string, script: string, folder = bin): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}

function calls(): string[] {
  const file = path.join(system, 'calls');
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
}
