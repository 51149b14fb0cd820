/**
 * Pushing the write-ahead log. `archiver`: PostgreSQL's own archiver has a backlog, and is given one `archive_command` after the
 * other. `client`: the same commands for one segment after the other, as a shell runs them.
 */
import { readdir, rename } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openArchivingWorld, type ArchivingWorld } from './archiving-world';
import { machineSeconds, processSeconds } from './machine-time';
import { present } from './race';
import { median } from './report';
import { timedRun } from './timed-run';
import { ARCHIVERS, type Archiver, type Archiving } from './wal-archivers';

export interface WalBench {
  readonly rounds: number;
  readonly segments: number;
  readonly only?: string;
}

interface Cost {
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
}

const SEGMENT_BYTES = 16 * 1024 * 1024;
/** Fewer are enough where each is asked for by itself. */
const CLIENT_SEGMENTS = 8;
const DRAIN_MS = 300_000;

export async function benchWal({ rounds, segments, only }: WalBench): Promise<void> {
  console.log(`making ${segments} segments of a log …`);
  // The log of a database is larger than its tables: there are indexes too.
  const world = await openArchivingWorld((segments * SEGMENT_BYTES) / 1e6);
  try {
    const status = path.join(world.dataDirectory, 'pg_wal', 'archive_status');
    const backlog: Backlog = { world, status, names: await chooseSegments(world, status, segments) };
    if (only !== 'client') {
      const costs = await race('archiver', backlog, rounds, drain);
      print('PostgreSQL’s archiver with a backlog, all over TLS', costs, segments, 'CPU ms, all but the store');
    }
    if (only !== 'archiver') {
      const few = { ...backlog, names: backlog.names.slice(0, CLIENT_SEGMENTS) };
      const costs = await race('client', few, rounds, pushEach);
      print('one segment after the other, all over TLS', costs, few.names.length, 'CPU ms of the command');
    }
  } finally {
    await world.close();
  }
}

interface Backlog {
  readonly world: ArchivingWorld;
  /** Where PostgreSQL notes what is to be archived. */
  readonly status: string;
  readonly names: readonly string[];
}

/** The oldest ones; the others count as archived. */
async function chooseSegments(world: ArchivingWorld, status: string, segments: number): Promise<string[]> {
  world.psql('postgres', 'SELECT pg_switch_wal()');
  const ready = (await readdir(status)).filter((name) => name.endsWith('.ready')).sort();
  if (ready.length < segments) throw new Error(`there are ${ready.length} segments, not ${segments}`);
  const names = ready.map((name) => name.slice(0, -'.ready'.length));
  await mark(status, names, 'done');
  return names.slice(0, segments);
}

async function mark(status: string, names: readonly string[], as: 'ready' | 'done'): Promise<void> {
  const before = as === 'ready' ? 'done' : 'ready';
  for (const name of names) await rename(path.join(status, `${name}.${before}`), path.join(status, `${name}.${as}`));
}

/** @param run a name that no other run has */
type Measure = (archiver: Archiver, archiving: Archiving, backlog: Backlog, run: string) => Promise<Cost>;

/** Every archiver once in each round, after one to warm up. */
async function race(part: 'archiver' | 'client', backlog: Backlog, rounds: number, measure: Measure) {
  const { world } = backlog;
  const taking = ARCHIVERS.filter(({ only }) => only === undefined || only === part);
  const racing = present(taking, () => world.env);
  const costs = new Map<string, Cost[]>(racing.map(({ name }) => [name, []]));
  for (let round = 0; round <= rounds; round += 1) {
    for (const [index, archiver] of racing.entries()) {
      const run = `${part}-${index}-${round}`;
      const archiving = await archiver.begin(world, run);
      const cost = await measure(archiver, archiving, backlog, run).finally(() => archiving.stop?.());
      requireStored(archiver, archiving, backlog);
      if (round > 0) costs.get(archiver.name)?.push(cost);
    }
    process.stderr.write(round === 0 ? 'warm ' : '. ');
  }
  process.stderr.write('\n');
  return costs;
}

/** An archiver that was faster because it stored less is no contender. */
function requireStored({ name }: Archiver, { place }: Archiving, { world, names }: Backlog): void {
  const listed = world.keys(place);
  const missing = names.filter((segment) => !listed.some((key) => key.includes(segment)));
  if (missing.length > 0)
    throw new Error(`${name} stored ${names.length - missing.length} of ${names.length} segments`);
}

/** From the moment at which everything is ready until PostgreSQL has noted the last as archived. */
async function drain({ name }: Archiver, { command, env }: Archiving, backlog: Backlog, run: string): Promise<Cost> {
  const { world, status, names } = backlog;
  world.archiveWith('');
  world.prepareToArchiveWith(`${await world.environmentFor(run, env)} ${command}`);
  const store = processSeconds(world.storePid);
  const machine = machineSeconds();
  const begun = performance.now();
  await mark(status, names, 'ready');
  process.kill(world.server.pid, 'SIGHUP');
  while ((await readdir(status)).some((name) => name.endsWith('.ready'))) {
    if (performance.now() - begun > DRAIN_MS) throw new Error(`${name}: not archived in ${DRAIN_MS / 1000} s`);
    await sleep(LOOK_MS);
  }
  const wallSeconds = (performance.now() - begun) / 1000;
  const cpuSeconds = machineSeconds() - machine - (processSeconds(world.storePid) - store);
  return { wallSeconds, cpuSeconds };
}

const LOOK_MS = 5;

/** What a shell that calls the command pays. Nothing is marked as ready, unless it is to be pushed ahead. */
async function pushEach({ ahead }: Archiver, { command, env }: Archiving, backlog: Backlog): Promise<Cost> {
  const { world, status, names } = backlog;
  const environment = { ...world.env, ...env };
  world.archiveWith('');
  const lines = names.map((name) => `(${command.replaceAll('%p', `pg_wal/${name}`).replaceAll('%f', name)}) || exit`);
  const script = [`cd ${world.dataDirectory}`, ...lines].join('\n');
  if (!ahead) return timedRun(script, environment);
  await mark(status, names, 'ready');
  await timedRun(script, environment);
  return timedRun(script, environment).finally(() => mark(status, names, 'done'));
}

function print(title: string, costs: ReadonlyMap<string, readonly Cost[]>, segments: number, cpu: string): void {
  const [first] = costs.values();
  const width = Math.max(...[...costs.keys()].map((name) => name.length));
  const lines = [...costs].map(([name, rounds]) => {
    const each = rounds.map(({ wallSeconds }) => (wallSeconds / segments) * 1000);
    const ratio = median(rounds.map(({ wallSeconds }, round) => wallSeconds / first[round].wallSeconds));
    const cpuMs = (median(rounds.map(({ cpuSeconds }) => cpuSeconds)) / segments) * 1000;
    return [
      name.padEnd(width),
      `${ratio.toFixed(2).padStart(6)} ×`,
      `${(1000 / median(each)).toFixed(1).padStart(6)} segments/s`,
      `${median(each).toFixed(1).padStart(7)} ms each`,
      `(${Math.min(...each).toFixed(1)}–${Math.max(...each).toFixed(1)})`.padEnd(15),
      `${cpuMs.toFixed(1).padStart(6)} ${cpu}`,
    ].join('  ');
  });
  console.log([title, ...lines, ''].join('\n'));
}
