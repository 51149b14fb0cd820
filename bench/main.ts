/** `npm run bench -- [--size MB] [--rounds N] [--only dump|restore]`, or `npm run bench -- mirror [--only small|large|unchanged]`: our ways and others', in turn, on one machine. */
import os from 'node:os';
import { parseArgs } from 'node:util';
import type { Contender } from './contender';
import { dumpContenders } from './dump';
import { benchMirror } from './mirror';
import { present, raceIn } from './race';
import { report, type Measured } from './report';
import { requireRestored, restoreContenders, RESTORE_SOURCES } from './restore';
import { timedRun } from './timed-run';
import { openWorld, type World } from './world';

async function main(): Promise<void> {
  const { what, size, rounds, only } = parseOptions();
  if (what === 'mirror') {
    console.log(`${describeMachine()}\n${rounds} rounds after one to warm up\n`);
    return benchMirror(async (title, contenders, env, gigabytes) => {
      const measured = await raceIn(contenders, rounds, (contender) => ({ ...env, ...contender.env }));
      console.log(report(title, measured, gigabytes));
    }, only);
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

function parseOptions(): { what?: string; size: number; rounds: number; only?: string } {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      size: { type: 'string', default: '1000' },
      rounds: { type: 'string', default: '5' },
      only: { type: 'string' },
    },
  });
  const [size, rounds] = [Number(values.size), Number(values.rounds)];
  if (!(size > 0) || !Number.isInteger(rounds) || rounds < 1)
    throw new Error('--size and --rounds are positive numbers');
  const [what, ...rest] = positionals;
  if (rest.length > 0 || (what !== undefined && what !== 'mirror')) throw new Error('nothing but "mirror" is known');
  const parts = what === 'mirror' ? ['small', 'large', 'unchanged'] : ['dump', 'restore'];
  if (values.only !== undefined && !parts.includes(values.only)) throw new Error(`--only ${parts.join(' or ')}`);
  return { what, size, rounds, only: values.only };
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
