// Makes sure that MinIO is there for `npm run test:peers`: the one that MINIO_BINARY names, or one that Go builds from its module,
// once, below node_modules/.cache. Nothing is installed. Prints where the program is.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';

/** What the tests were written against; MinIO makes no releases as Go modules. */
const VERSION = 'v0.0.0-20260212201848-7aac2a2c5b7c';
const BUILD_TIMEOUT_MS = 20 * 60_000;

const cache = path.join(import.meta.dirname, '..', 'node_modules', '.cache', 'minio');
const built = path.join(cache, VERSION, 'minio');

process.exitCode = ensureMinio();

function ensureMinio() {
  const given = process.env.MINIO_BINARY;
  if (given !== undefined && !existsSync(given))
    return fail(`MINIO_BINARY is ${JSON.stringify(given)}, which is not there`);
  if (given === undefined && !existsSync(built)) {
    const problem = build();
    if (problem) return fail(problem);
  }
  console.log(given ?? built);
  return 0;
}

/** All or nothing: what is at its place is whole. */
function build() {
  mkdirSync(cache, { recursive: true });
  const making = mkdtempSync(path.join(cache, 'making-'));
  try {
    process.stderr.write(`ensure-minio: building MinIO ${VERSION}, which takes some minutes\n`);
    const { status, signal, error } = spawnSync('go', ['install', `github.com/minio/minio@${VERSION}`], {
      env: { ...process.env, GOBIN: making },
      stdio: ['ignore', 'ignore', 'inherit'],
      timeout: BUILD_TIMEOUT_MS,
    });
    if (status !== 0) return `go could not build it: ${error?.message ?? signal ?? `it ended with ${status}`}`;
    renameSync(making, path.dirname(built));
    return undefined;
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
}

function fail(problem) {
  process.stderr.write(`ensure-minio: ${problem}; install Go 1.24 or newer, or give a MinIO with MINIO_BINARY.\n`);
  return 1;
}
