// Runs a script with Node 24, which functions and the image run: the one that NODE24_BINARY names, this one where it is new enough, or
// one that npm fetches, once, below node_modules/.cache. Nothing is installed. Programs that the script starts as `node` get it too.
//
//     node scripts/with-node24.mjs SCRIPT [ARGUMENT]...
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const MAJOR = 24;
const VERSION = '24.21.0';
/** Of what is fetched: what runs here later is what was looked at. */
const SHA512 = {
  'linux-x64': '3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==',
  'linux-arm64': 'FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==',
};
const FETCH_TIMEOUT_MS = 10 * 60_000;

const caches = path.join(import.meta.dirname, '..', 'node_modules', '.cache');
const fetched = path.join(caches, `node-${VERSION}`);

try {
  run(findNode(), process.argv.slice(2));
} catch (error) {
  process.stderr.write(`with-node24: ${error.message}\n`);
  process.exitCode = 1;
}

function run(node, args) {
  if (args.length === 0) throw new Error('name the script to run');
  const env = { ...process.env, PATH: [path.dirname(node), process.env.PATH].join(path.delimiter) };
  const child = spawn(node, args, { stdio: 'inherit', env });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  child.once('error', (error) => {
    process.stderr.write(`with-node24: ${node}: ${error.message}\n`);
    process.exitCode = 1;
  });
  child.once('exit', (code, signal) => {
    process.exitCode = code ?? 128 + os.constants.signals[signal];
  });
}

/** Of major version 24 or newer, by what it says itself. */
function findNode() {
  const given = process.env.NODE24_BINARY;
  if (given === undefined && Number(process.versions.node.split('.')[0]) >= MAJOR) return process.execPath;
  if (given === undefined && !existsSync(fetched)) fetchInto(fetched);
  const node = given ?? path.join(fetched, 'bin', 'node');
  const { stdout, error } = spawnSync(node, ['--version'], { encoding: 'utf8' });
  if (Number(/^v(\d+)\./.exec(stdout ?? '')?.[1]) >= MAJOR) return path.resolve(node);
  throw new Error(`${JSON.stringify(node)} is no Node ${MAJOR} that runs here: ${error?.message ?? stdout.trim()}`);
}

/** All or nothing: what is at the place is whole. */
function fetchInto(directory) {
  const platform = `${process.platform}-${process.arch}`;
  if (!(platform in SHA512))
    throw new Error(`for ${platform} none is fetched: give a Node ${MAJOR} with NODE24_BINARY`);
  mkdirSync(caches, { recursive: true });
  const making = mkdtempSync(`${directory}.making-`);
  try {
    process.stderr.write(`with-node24: fetching Node ${VERSION}\n`);
    must('npm', ['pack', '--silent', `--pack-destination=${making}`, `node-${platform}@${VERSION}`]);
    const archive = path.join(making, readdirSync(making).find((name) => name.endsWith('.tgz')) ?? 'missing');
    const found = createHash('sha512').update(readFileSync(archive)).digest('base64');
    if (found !== SHA512[platform]) throw new Error(`${archive} is not what was looked at: its SHA-512 is ${found}`);
    must('tar', ['-xzf', archive, '-C', making]);
    renameSync(path.join(making, 'package'), directory);
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
}

function must(program, args) {
  const options = { stdio: ['ignore', 'ignore', process.stderr], timeout: FETCH_TIMEOUT_MS };
  const { status, signal, error } = spawnSync(program, args, options);
  if (status === 0 && signal === null && !error) return;
  const how = error?.message ?? (signal ? `was ended by ${signal}` : `ended with ${status}`);
  throw new Error(
    `Node ${MAJOR} could not be fetched: ${program} ${how}; npm, tar and npm’s registry are needed, or give one with NODE24_BINARY`,
  );
}
