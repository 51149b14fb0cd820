// Finds the programs of the system that the project's own runs need: PostgreSQL, server and client of one major
// version, and zstd. Only looks; scripts/ensure-tools.mjs installs.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, readdirSync, statSync } from 'node:fs';
import path from 'node:path';

/** The oldest PostgreSQL that is supported. */
export const OLDEST_MAJOR = 14;

/** Where distributions keep PostgreSQL when it is not on PATH; `*` stands for any one folder. */
export const USUAL_FOLDERS = [
  '/usr/lib/postgresql/*/bin',
  '/usr/pgsql-*/bin',
  '/opt/homebrew/opt/postgresql@*/bin',
  '/usr/local/opt/postgresql@*/bin',
  '/home/linuxbrew/.linuxbrew/opt/postgresql@*/bin',
];

const SERVER_AND_CLIENT = ['initdb', 'postgres', 'pg_ctl', 'psql', 'pg_dump', 'pg_dumpall', 'pg_restore'];

/** What is missing, in words; empty when all is there. */
export function missingTools(searchPath, usualFolders) {
  const onPath = searchPath.split(path.delimiter).filter(Boolean);
  const missing = [];
  if (![...onPath, ...usualFolders.flatMap(matching)].some(holdsPostgres)) {
    missing.push(`PostgreSQL ${OLDEST_MAJOR} or newer, server and client (${SERVER_AND_CLIENT.join(', ')})`);
  }
  if (!findOnPath('zstd', searchPath)) missing.push('zstd');
  return missing;
}

/** The absolute path of a program, or nothing. */
export function findOnPath(program, searchPath) {
  return searchPath
    .split(path.delimiter)
    .filter(Boolean)
    .map((folder) => path.join(folder, program))
    .find(isProgram);
}

/** Whether a folder has every tool, and all of one major version that is new enough. */
function holdsPostgres(folder) {
  if (!SERVER_AND_CLIENT.every((tool) => isProgram(path.join(folder, tool)))) return false;
  const majors = ['postgres', 'pg_dump'].map((tool) => majorVersion(path.join(folder, tool)));
  return majors[0] === majors[1] && majors[0] >= OLDEST_MAJOR;
}

/** 17 from `pg_dump (PostgreSQL) 17.12 (Debian 17.12-1)`; NaN from a program that does not say. */
function majorVersion(program) {
  const { stdout } = spawnSync(program, ['--version'], { encoding: 'utf8', timeout: 10_000 });
  return Number(/\(PostgreSQL\) (\d+)/.exec(stdout ?? '')?.[1]);
}

/** Folders that a pattern with one `*` stands for. */
function matching(pattern) {
  const [before, after] = pattern.split('*');
  if (after === undefined) return [pattern];
  const parent = path.dirname(`${before}x`);
  const start = before.slice(parent.length + 1);
  try {
    const names = readdirSync(parent).filter((name) => name.startsWith(start));
    return names.map((name) => path.join(parent, name) + after);
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
    throw error;
  }
}

function isProgram(file) {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EACCES'].includes(error.code)) return false;
    throw error;
  }
}
