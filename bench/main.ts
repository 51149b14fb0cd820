/**
 * `npm run bench -- [--size MB] [--rounds N] [--only dump|restore]`, `npm run bench -- mirror [--only small|large|unchanged]`,
 * `npm run bench -- base-backup [--size MB]` or `npm run bench -- wal [--segments N] [--only archiver|client]`: our ways and
 * others', in turn, on one machine. `npm run bench:node24 -- …` does it with the Node that functions and the image run.
 */
import os from 'node:os';
import { parseArgs } from 'node:util';
import { benchBaseBackup } from './base-backup';
import type { Contender } from './contender';
import { dumpContenders } from './dump';
import { benchMirror } from './mirror';
import { present, raceIn, type Race } from './race';
import { report, type Measured } from './report';
import { requireRestored, restoreContenders, RESTORE_SOURCES } from './restore';
import { timedRun } from './timed-run';
import { benchWal } from './wal';
import { openWorld, type World } from './world';

async function main(): Promise<void> {
  const { what, size, rounds, segments, only } = parseOptions();
  if (what !== undefined) {
    console.log(`${describeMachine()}\n${rounds} rounds after one to warm up\n`);
    const race: Race = async (title, contenders, env, gigabytes) => {
      const measured = await raceIn(contenders, rounds, (contender) => ({ ...env, ...contender.env }));
      console.log(report(title, measured, gigabytes));
    };
    if (what === 'mirror') return benchMirror(race, { rounds, only });
    return what === 'wal' ? benchWal({ rounds, segments, only }) : benchBaseBackup(race, size);
  }
  console.log(`making a database of about ${size} MB …`);
  const world = await openWorld(size);
  try {
    const gigabytes = world.databaseBytes / 1e9;
    console.log(
      `${describeMachine()}\ndatabase of ${gigabytes.toFixed(2)} GB, ${rounds} rounds after one to warm up\n`,
    );
    if (only !== 'restore') {
      const measured = await race(world, dumpContenders(world.scratch), rounds);
      console.log(report('dump to S3', measured, gigabytes));
    }
    if (only !== 'dump') {
      for (const source of present(RESTORE_SOURCES, (source) => environment(world, source)))
        await timedRun(source.command, environment(world, source));
      const measured = await race(world, restoreContenders(), rounds, requireRestored);
      console.log(report('restore from S3', measured, gigabytes));
    }
  } finally {
    await world.close();
  }
}

function race(
  world: World,
  contenders: readonly Contender[],
  rounds: number,
  after: (world: World) => void = () => undefined,
): Promise<Measured[]> {
  return raceIn(contenders, rounds, (contender) => environment(world, contender), {
    before: (contender) => contender.before?.(world),
    after: () => after(world),
  });
}

function environment(world: World, contender: Contender): NodeJS.ProcessEnv {
  return { ...world.env, SCRATCH: world.scratch, ...contender.env };
}

function describeMachine(): string {
  const [cpu] = os.cpus();
  return `${os.cpus().length} × ${cpu.model}, ${Math.round(os.totalmem() / 2 ** 30)} GiB, Node ${process.version}, both servers on this machine`;
}

/** What there is besides dumps and restores, and the parts of each. */
const OTHERS: Readonly<Record<string, readonly string[]>> = {
  mirror: ['small', 'large', 'unchanged'],
  'base-backup': [],
  wal: ['archiver', 'client'],
};

function parseOptions() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      size: { type: 'string', default: '1000' },
      rounds: { type: 'string', default: '5' },
      segments: { type: 'string', default: '24' },
      only: { type: 'string' },
    },
  });
  const [size, rounds, segments] = [Number(values.size), Number(values.rounds), Number(values.segments)];
  if (!(size > 0) || ![rounds, segments].every((count) => Number.isInteger(count) && count > 0))
    throw new Error('--size, --rounds and --segments are positive numbers');
  const [what, ...rest] = positionals;
  if (rest.length > 0 || (what !== undefined && !(what in OTHERS)))
    throw new Error(`known are ${Object.keys(OTHERS).join(', ')}, and nothing for dumps and restores`);
  const parts = what === undefined ? ['dump', 'restore'] : OTHERS[what];
  if (values.only !== undefined && !parts.includes(values.only))
    throw new Error(`--only knows ${parts.join(' and ') || 'nothing here'}`);
  return { what, size, rounds, segments, only: values.only };
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
