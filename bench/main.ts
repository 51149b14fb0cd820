/** `npm run bench -- [--size MB] [--rounds N] [--only dump|restore]`: our ways and others', in turn, on one machine. */
import os from 'node:os';
import { parseArgs } from 'node:util';
import { isInstalled, type Contender } from './contender';
import { dumpContenders } from './dump';
import { report, type Measured } from './report';
import { requireRestored, restoreContenders, RESTORE_SOURCES } from './restore';
import { timedRun, type Cost } from './timed-run';
import { openWorld, type World } from './world';

async function main(): Promise<void> {
  const { size, rounds, only } = parseOptions();
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
      for (const source of present(world, RESTORE_SOURCES)) await timedRun(source.command, environment(world, source));
      const measured = await race(world, restoreContenders(), rounds, requireRestored);
      console.log(report('restore from S3', measured, gigabytes));
    }
  } finally {
    await world.close();
  }
}

/** Every contender once in each round, so that what drifts on the machine drifts for all. */
async function race(
  world: World,
  contenders: readonly Contender[],
  rounds: number,
  after: (world: World) => void = () => undefined,
): Promise<Measured[]> {
  const racing = present(world, contenders);
  const costs = new Map<string, Cost[]>(racing.map(({ name }) => [name, []]));
  for (let round = 0; round <= rounds; round++) {
    for (const contender of racing) {
      contender.before?.(world);
      const cost = await timedRun(contender.command, environment(world, contender));
      after(world);
      if (round > 0) costs.get(contender.name)?.push(cost);
    }
    process.stderr.write(round === 0 ? 'warm ' : '. ');
  }
  process.stderr.write('\n');
  return [...costs].map(([name, list]) => ({ name, rounds: list }));
}

function present(world: World, contenders: readonly Contender[]): Contender[] {
  return contenders.filter(({ name, needs = [] }) => {
    const missing = needs.filter((program) => !isInstalled(program, world.env));
    if (missing.length > 0) console.log(`not installed, left out: ${missing.join(', ')} (${name})`);
    return missing.length === 0;
  });
}

function environment(world: World, contender: Contender): NodeJS.ProcessEnv {
  return { ...world.env, SCRATCH: world.scratch, ...contender.env };
}

function describeMachine(): string {
  const [cpu] = os.cpus();
  return `${os.cpus().length} × ${cpu.model}, ${Math.round(os.totalmem() / 2 ** 30)} GiB, Node ${process.version}, both servers on this machine`;
}

function parseOptions(): { size: number; rounds: number; only?: string } {
  const { values } = parseArgs({
    options: {
      size: { type: 'string', default: '1000' },
      rounds: { type: 'string', default: '5' },
      only: { type: 'string' },
    },
  });
  const [size, rounds] = [Number(values.size), Number(values.rounds)];
  if (!(size > 0) || !Number.isInteger(rounds) || rounds < 1)
    throw new Error('--size and --rounds are positive numbers');
  if (values.only !== undefined && !['dump', 'restore'].includes(values.only))
    throw new Error('--only dump or restore');
  return { size, rounds, only: values.only };
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
