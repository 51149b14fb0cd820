/** Tries one fault on a stack that is well, and measures how long nobody knew. */
import type { Fault } from './faults';
import type { Deployment } from './plan-stack';
import { World, type AlarmChange } from './world';

const HOUR_MS = 3_600_000;
const START = new Date('2026-11-19T00:07:00Z');
/** Half past: what is made hourly begins with the next hour. */
const BEGIN = new Date('2026-11-19T10:30:00Z');
/** Until what cannot be mended has ended by itself, and its folder with it. */
const LONGEST_RECOVERY_HOURS = 5 * 24;

const QUIET_HOURS = 6;

export interface Detection {
  readonly fault: Fault;
  /** Proof that it did something. */
  readonly firstEffectAt?: Date;
  /** The alarms that went off, in order; each once. */
  readonly alarms: readonly { readonly name: string; readonly afterSeconds: number }[];
  /** From the end of the fault until the last alarm was over; nothing when one was not. */
  readonly recoveredAfterSeconds?: number;
  readonly before: readonly AlarmChange[];
}

export async function detect(deployment: Deployment, fault: Fault): Promise<Detection> {
  const world = new World(deployment, { start: START });
  // As the runbook of its alarm says, of a new stack: else that alarm rings until the first night.
  await world.functions.send(retentionOf(deployment), { action: 'retain' });
  await world.until(BEGIN);
  const before = world.changes.filter(
    ({ state, at }) => state === 'ALARM' && at.getTime() > START.getTime() + 2 * HOUR_MS,
  );
  const known = world.changes.length;
  world.disturbances.firstEffectAt = undefined;

  await fault.begin(world);
  await world.until(new Date(BEGIN.getTime() + fault.hours * HOUR_MS));
  world.disturbances.end();
  world.deadLetters.purge();
  const endedAt = world.clock.now();
  await untilQuiet(world);

  const { firstEffectAt } = world.disturbances;
  const changes = world.changes.slice(known);
  const lastOk = changes.filter(({ state }) => state === 'OK').at(-1);
  const quiet = world.alarmsIn('ALARM').length === 0;
  return {
    fault,
    firstEffectAt,
    alarms: firstOfEach(changes, firstEffectAt ?? BEGIN),
    recoveredAfterSeconds: quiet
      ? Math.max(0, ((lastOk?.at ?? endedAt).getTime() - endedAt.getTime()) / 1000)
      : undefined,
    before,
  };
}

function retentionOf({ functions }: Deployment): string {
  const found = functions.find(({ code }) => code === 'retention');
  if (!found) throw new Error('the stack has no function for retention');
  return found.name;
}

/** Some hours longer than it takes: what is over may come again. */
async function untilQuiet(world: World): Promise<void> {
  for (let hour = 0, quiet = 0; hour < LONGEST_RECOVERY_HOURS && quiet < QUIET_HOURS; hour += 1) {
    await world.until(new Date(world.clock.now().getTime() + HOUR_MS));
    // What was given up on the way goes when somebody looks.
    world.deadLetters.purge();
    quiet = world.alarmsIn('ALARM').length === 0 ? quiet + 1 : 0;
  }
}

function firstOfEach(changes: readonly AlarmChange[], since: Date): Detection['alarms'] {
  const first = new Map<string, number>();
  for (const { alarm, state, at } of changes) {
    if (state === 'ALARM' && !first.has(alarm)) first.set(alarm, (at.getTime() - since.getTime()) / 1000);
  }
  return [...first].map(([name, afterSeconds]) => ({ name, afterSeconds }));
}
