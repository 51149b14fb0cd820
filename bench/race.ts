import { isInstalled, type Contender } from './contender';
import type { Measured } from './report';
import { timedRun, type Cost } from './timed-run';

/** Runs contenders in turn and prints what they cost, by gigabyte of what they moved. */
export type Race = (
  title: string,
  contenders: readonly Contender[],
  env: NodeJS.ProcessEnv,
  gigabytes: number,
) => Promise<void>;

/** Every contender once in each round, so that what drifts on the machine drifts for all. */
export async function raceIn(
  contenders: readonly Contender[],
  rounds: number,
  environmentOf: (contender: Contender) => NodeJS.ProcessEnv,
  around: { before?: (contender: Contender) => void; after?: () => void } = {},
): Promise<Measured[]> {
  const racing = present(contenders, environmentOf);
  const costs = new Map<string, Cost[]>(racing.map(({ name }) => [name, []]));
  for (let round = 0; round <= rounds; round++) {
    for (const contender of racing) {
      around.before?.(contender);
      const cost = await timedRun(contender.command, environmentOf(contender));
      around.after?.();
      if (round > 0) costs.get(contender.name)?.push(cost);
    }
    process.stderr.write(round === 0 ? 'warm ' : '. ');
  }
  process.stderr.write('\n');
  return [...costs].map(([name, list]) => ({ name, rounds: list }));
}

/** Those whose programs are installed; the others are named. */
export function present<One extends Pick<Contender, 'name' | 'needs' | 'install'>>(
  contenders: readonly One[],
  environmentOf: (contender: One) => NodeJS.ProcessEnv,
): One[] {
  return contenders.filter((contender) => {
    const { name, needs = [], install } = contender;
    const missing = needs.filter((program) => !isInstalled(program, environmentOf(contender)));
    const how = install === undefined ? '' : `; ${install}`;
    if (missing.length > 0) console.log(`not installed, left out: ${missing.join(', ')} (${name})${how}`);
    return missing.length === 0;
  });
}
