import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { outdatedClient } from '../../../runtime/postgres/outdated-client';
import { findServerTools } from '../../../runtime/postgres/server-tools';
import { parseToolVersion } from '../../../runtime/postgres/tool-version';
import { findPsql, findTools } from '../../../runtime/postgres/tools';
import { findZstd } from '../../../runtime/postgres/zstd';

const CLIENT = ['pg_dump', 'pg_dumpall', 'pg_restore', 'psql'];
let root: string;

beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'postgres-backup-tools-'));
});

afterAll(() => rm(root, { recursive: true }));

/** A directory of programs that answer `--version`; no such versions need be installed. */
async function install(name: string, versions: Record<string, string>): Promise<string> {
  const directory = path.join(root, name);
  await mkdir(directory, { recursive: true });
  for (const [program, version] of Object.entries(versions)) {
    const file = path.join(directory, program);
    await writeFile(file, `#!/bin/sh\necho "${program} (PostgreSQL) ${version}"\n`);
    await chmod(file, 0o755);
  }
  return directory;
}

function all(version: string): Record<string, string> {
  return Object.fromEntries(CLIENT.map((program) => [program, version]));
}

test('tools of exactly the version asked for are found, however many others come first', async () => {
  const [older, newer, right] = [
    await install('16', all('16.16')),
    await install('18', all('18.7 (Homebrew)')),
    await install('17', all('17.12 (Debian 17.12-1.pgdg120+1)')),
  ];
  expect(await findTools(17, { PATH: [older, newer, right].join(':') })).toEqual({
    major: 17,
    version: '17.12',
    pgDump: `${right}/pg_dump`,
    pgDumpall: `${right}/pg_dumpall`,
    pgRestore: `${right}/pg_restore`,
    psql: `${right}/psql`,
  });
});

test('a directory that lacks one, or mixes versions, is no set of tools', async () => {
  const incomplete = await install('incomplete', { pg_dump: '99.1', psql: '99.1', pg_restore: '99.1' });
  const mixed = await install('mixed', { ...all('99.2'), pg_restore: '98.1' });
  await expect(findTools(99, { PATH: `${incomplete}:${mixed}` })).rejects.toMatchObject({ code: 'tool-missing' });
});

test('without the right version it says what was found, and what to install with apt and brew', async () => {
  const other = await install('other', all('16.16'));
  await expect(findTools(99, { PATH: other })).rejects.toMatchObject({
    code: 'tool-missing',
    message: 'no client tools of PostgreSQL 99 found',
    detail: expect.stringContaining(`16.16 in ${other}`) as string,
    hint: expect.stringMatching(/postgresql-client-99.*postgresql@99/) as string,
  });
});

test('a directory named on purpose is the only one looked into', async () => {
  const named = await install('named', all('99.3'));
  const onPath = await install('on-path', all('99.4'));
  const env = { PATH: onPath, POSTGRES_BACKUP_PG_BINDIR: named };
  expect((await findTools(99, env)).version).toBe('99.3');
  await expect(findTools(98, env)).rejects.toMatchObject({
    detail: expect.stringContaining('POSTGRES_BACKUP_PG_BINDIR') as string,
  });
});

test("a relative directory on PATH, and Debian's script that chooses versions by itself, are passed over", async () => {
  const wrapped = await install('wrapped', { pg_wrapper: '99.5' });
  for (const program of CLIENT) await symlink(path.join(wrapped, 'pg_wrapper'), path.join(wrapped, program));
  const relative = path.relative(process.cwd(), await install('relative', all('99.6')));
  await expect(findTools(99, { PATH: `${wrapped}:${relative}:.` })).rejects.toMatchObject({ code: 'tool-missing' });
});

test('a psql of any supported version will do to ask a server for its own', async () => {
  const ancient = await install('ancient', { psql: '9.6.24' });
  const recent = await install('recent', { psql: '16.16' });
  expect(await findPsql({ PATH: `${ancient}:${recent}` })).toEqual({ psql: `${recent}/psql`, version: '16.16' });
});

test('server programs: of the version asked for, or the newest there are', async () => {
  const server = (version: string): Record<string, string> => ({ initdb: version, postgres: version, pg_ctl: version });
  const [old, recent] = [await install('server-14', server('14.25')), await install('server-18', server('18.7'))];
  const env = { PATH: `${old}:${recent}` };
  expect(await findServerTools(14, env)).toMatchObject({ version: '14.25', initdb: `${old}/initdb` });
  expect(await findServerTools(undefined, env)).toMatchObject({ version: '18.7', pgCtl: `${recent}/pg_ctl` });
  await expect(findServerTools(97, env)).rejects.toMatchObject({
    code: 'tool-missing',
    hint: expect.stringContaining('postgresql-97') as string,
  });
});

test('zstd is found with its version', async () => {
  const zstd = await findZstd();
  expect(path.isAbsolute(zstd.program)).toBe(true);
  expect(zstd.version).toMatch(/^\d+\.\d+\.\d+$/);
});

test.each([
  ['pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)', { version: '15.18', major: 15 }],
  ['psql (PostgreSQL) 17.12', { version: '17.12', major: 17 }],
  ['postgres (PostgreSQL) 18beta2', { version: '18beta2', major: 18 }],
  ['pg_dump (PostgreSQL) 9.6.24', { version: '9.6.24', major: 9 }],
  ['pg_dump (EnterpriseDB) 17.1', undefined],
  ['hello', undefined],
])('%j is read as %j', (answer, version) => {
  expect(parseToolVersion(answer)).toEqual(version);
});

test.each(['18.7', '18.8', '17.12', '16.16', '15.20', '14.25', '14.99'])('%s has no known holes', (version) => {
  expect(outdatedClient(version)).toBeUndefined();
});

test.each(['18.6', '18beta1', '17.11', '16.15', '15.19', '14.24', '13.99', '9.6.24', '19.0', 'nonsense'])(
  '%s is warned of',
  (version) => {
    expect(outdatedClient(version)).toContain(version);
  },
);
