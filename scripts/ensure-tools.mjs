// Makes sure that PostgreSQL and zstd are there before tests, the demonstration or a benchmark need them: finds them,
// else installs them with the system's package manager, else says in one sentence what to install. Silent when all is
// there; what it installs it says on stderr.
//
//     node scripts/ensure-tools.mjs [--usual-folders A:B]     (where to look besides PATH)
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { findOnPath, missingTools, USUAL_FOLDERS } from './system-tools.mjs';

const INSTALL_TIMEOUT_MS = 10 * 60_000;

const { values: options } = parseArgs({ options: { 'usual-folders': { type: 'string' } } });
const usualFolders = options['usual-folders']?.split(path.delimiter).filter(Boolean) ?? USUAL_FOLDERS;
const searchPath = process.env.PATH ?? '';

process.exitCode = ensureTools();

function ensureTools() {
  const missing = missingTools(searchPath, usualFolders);
  if (missing.length === 0) return 0;

  const commands = installCommands();
  if (!commands) return fail(`${missing.join(' and ')} ${missing.length > 1 ? 'are' : 'is'} missing`);
  for (const [program, ...args] of commands) {
    const failure = run(program, args);
    if (failure) return fail(`${missing.join(' and ')}: could not be installed, ${failure}`);
  }

  const stillMissing = missingTools(searchPath, usualFolders);
  return stillMissing.length === 0 ? 0 : fail(`still missing after the installation: ${stillMissing.join(' and ')}`);
}

/** How this system installs software without asking anybody anything; nothing where it cannot. */
function installCommands() {
  const apt = findOnPath('apt-get', searchPath);
  const asRoot = apt && rootPrefix();
  if (asRoot) {
    const patient = ['-q', '-o', 'DPkg::Lock::Timeout=120'];
    return [
      [...asRoot, apt, ...patient, 'update'],
      [...asRoot, apt, ...patient, '-y', '--no-install-recommends', 'install', 'postgresql', 'zstd'],
    ];
  }
  const brew = findOnPath('brew', searchPath);
  return brew ? [[brew, 'install', 'postgresql@17', 'zstd']] : undefined;
}

/** What to put before a command so that root runs it; nothing when that needs a password. */
function rootPrefix() {
  const nonInteractive = ['env', 'DEBIAN_FRONTEND=noninteractive'];
  if (process.getuid?.() === 0) return nonInteractive;
  const sudo = findOnPath('sudo', searchPath);
  if (!sudo || spawnSync(sudo, ['-n', 'true'], { stdio: 'ignore' }).status !== 0) return undefined;
  return [sudo, '-n', ...nonInteractive];
}

/** Runs a command with its output on stderr; says how it failed, or nothing. */
function run(program, args) {
  const command = [program, ...args].join(' ');
  process.stderr.write(`ensure-tools: ${command}\n`);
  const { status, signal, error } = spawnSync(program, args, {
    stdio: ['ignore', process.stderr, process.stderr],
    timeout: INSTALL_TIMEOUT_MS,
  });
  if (status === 0 && signal === null && !error) return undefined;
  return `"${command}" ${error ? error.message : signal ? `was ended by ${signal}` : `ended with ${status}`}`;
}

function fail(problem) {
  process.stderr.write(
    `ensure-tools: ${problem}; install the packages postgresql (14 or newer) and zstd, ` +
      `with "sudo apt-get install postgresql zstd", "brew install postgresql@17 zstd" or your system's own way.\n`,
  );
  return 1;
}
