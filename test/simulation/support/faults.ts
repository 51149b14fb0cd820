/** Everything that is tried on a simulated stack, each with what the plan and the alarms promise about it. */
import { ENVIRONMENT, pointPrefix } from '../../../model';
import { nextFiring } from '../../../dev/aws/schedule';
import { EXTRA_PERIODS } from '../../../dev/aws/watch/alarm';
import { listPoints } from '../../../runtime/catalog/catalog';
import { LONGEST_RUN_MS } from '../../../runtime/observe/status/failed-runs';
import { attack, replaceManifests } from './attack';
import type { Deployment } from './plan-stack';
import type { World } from './world';

export interface Fault {
  readonly name: string;
  begin(world: World): void | Promise<void>;
  /** How long it lasts. */
  readonly hours: number;
  /** One of them goes off in time. None: nobody is told. */
  readonly alarms: readonly string[];
  /** What that nobody is told means. */
  readonly silence?: string;
  /** Seconds from its first effect until the first of them goes off, at most. */
  readonly withinSeconds: number;
}

export function allFaults(deployment: Deployment): Fault[] {
  const promised = promises(deployment);
  const switched = (change: Partial<World['disturbances']>) => (world: World) => {
    Object.assign(world.disturbances, change);
  };
  return [
    {
      name: 'runs fail',
      begin: switched({ runs: 'fail' }),
      hours: 3,
      alarms: ['BackupFailed'],
      withinSeconds: promised.nextLook,
    },
    {
      name: 'runs hang, until their deadline',
      begin: switched({ runs: 'hang' }),
      hours: 3,
      alarms: ['BackupFailed', 'BackupTooOld'],
      withinSeconds: promised.newestAge,
    },
    {
      name: 'runs are killed without a word',
      begin: switched({ runs: 'are killed' }),
      hours: 5,
      alarms: ['BackupTooOld'],
      withinSeconds: promised.newestAge,
    },
    {
      name: 'the daily run is killed, hourly ones go on',
      begin: switched({ runs: 'are killed', onlyClass: 'daily' }),
      hours: 36,
      alarms: ['BackupFailed'],
      withinSeconds: LONGEST_RUN_MS / 1000 + promised.nextLook,
    },
    {
      name: 'starts are refused',
      begin: switched({ startsRefused: true }),
      hours: 3,
      alarms: ['StartsRefused'],
      withinSeconds: promised.periodOf('StartsRefused') + MINUTE,
    },
    {
      name: 'the scheduler starts nothing',
      begin: switched({ schedulerOff: true }),
      hours: 5,
      alarms: ['BackupTooOld'],
      withinSeconds: promised.newestAge,
    },
    {
      name: 'a backup shrinks by 90 %',
      begin: switched({ contentFactor: 0.1 }),
      hours: 1,
      alarms: ['VerificationFailed'],
      withinSeconds: promised.nextLook,
    },
    {
      name: 'a backup grows tenfold',
      begin: switched({ contentFactor: 10 }),
      hours: 1,
      alarms: ['VerificationFailed'],
      withinSeconds: promised.nextLook,
    },
    {
      name: 'an object is damaged',
      begin: (world) => harm(world, (key) => world.store.damage(key)),
      hours: 26,
      alarms: ['VerificationFailed'],
      withinSeconds: promised.sweep + promised.nextLook,
    },
    {
      name: 'an object is lost',
      begin: (world) => harm(world, (key) => world.store.lose(key)),
      hours: 26,
      alarms: ['VerificationFailed'],
      withinSeconds: promised.sweep + promised.nextLook,
    },
    {
      name: 'the newest manifest is replaced by another that is valid',
      begin: (world) => replaceManifests(world, (points) => points.slice(0, 1)),
      hours: 2,
      alarms: ['VerificationFailed'],
      withinSeconds: promised.nextLook,
    },
    {
      name: 'an older manifest is replaced by another that is valid',
      begin: (world) => replaceManifests(world, (points) => points.slice(5, 6)),
      hours: 2,
      alarms: ['VerificationFailed'],
      // The store tells of it, as of any new manifest.
      withinSeconds: promised.nextLook,
    },
    {
      name: 'the verification fails',
      begin: ({ disturbances }) => void disturbances.failingFunctions.add('verify'),
      hours: 5,
      alarms: ['VerificationErrors'],
      withinSeconds: 2 * MINUTE,
    },
    {
      name: 'the verification is not started',
      begin: ({ disturbances }) => void disturbances.functionsNotStarted.add('verify'),
      hours: 5,
      alarms: ['VerifiedBackupTooOld'],
      withinSeconds: promised.verifiedAge,
    },
    {
      name: 'the daily verification of all that is kept is not started',
      begin: switched({ sweepOff: true }),
      hours: 50,
      alarms: ['VerificationOverdue'],
      withinSeconds: promised.oldestVerification,
    },
    {
      name: 'the function that looks fails',
      begin: ({ disturbances }) => void disturbances.failingFunctions.add('freshness'),
      hours: 2,
      alarms: ['FreshnessSilent', 'DeadLetters'],
      withinSeconds: promised.periodOf('FreshnessSilent') + MINUTE,
    },
    {
      name: 'the function that looks is not started',
      begin: ({ disturbances }) => void disturbances.functionsNotStarted.add('freshness'),
      hours: 2,
      alarms: ['FreshnessSilent'],
      withinSeconds: (1 + EXTRA_PERIODS) * promised.periodOf('FreshnessSilent') + MINUTE,
    },
    {
      name: 'retention fails',
      begin: ({ disturbances }) => void disturbances.failingFunctions.add('retention'),
      hours: 26,
      alarms: ['RetentionErrors'],
      withinSeconds: 2 * MINUTE,
    },
    {
      name: 'retention is not started',
      begin: ({ disturbances }) => void disturbances.functionsNotStarted.add('retention'),
      hours: 50,
      alarms: ['RetentionOverdue'],
      withinSeconds: promised.retention,
    },
    {
      name: 'a writer stores newer points that hold little',
      begin: async (world) => void (await attack(world, { points: 20, contentFactor: 0.01 })),
      hours: 2,
      alarms: ['VerificationFailed'],
      withinSeconds: promised.nextLook,
    },
    {
      name: 'the clock of the task is an hour ahead',
      begin: switched({ taskSkewMs: HOUR_MS }),
      hours: 5,
      alarms: ['BackupTooOld'],
      withinSeconds: promised.newestAge,
    },
    {
      name: 'the clock of the function that looks is an hour behind',
      begin: switched({ freshnessSkewMs: -HOUR_MS }),
      hours: 2,
      alarms: ['FreshnessSilent', 'DeadLetters'],
      withinSeconds: promised.periodOf('FreshnessSilent') + MINUTE,
    },
    {
      name: 'the clock of the function that looks is an hour ahead',
      begin: switched({ freshnessSkewMs: HOUR_MS }),
      hours: 3,
      alarms: ['BackupTooOld'],
      withinSeconds: promised.newestAge,
    },
    {
      name: 'the key is disabled',
      begin: switched({ keyDisabled: true }),
      hours: 3,
      alarms: ['KeyUnusable', 'FreshnessSilent', 'DeadLetters'],
      withinSeconds: promised.periodOf('FreshnessSilent') + MINUTE,
    },
  ];
}

const MINUTE = 60;
const HOUR_MS = 3_600_000;

interface Promises {
  /** Until the function looks again and the alarm sees it. */
  readonly nextLook: number;
  readonly newestAge: number;
  readonly verifiedAge: number;
  /** Until everything was verified again. */
  readonly sweep: number;
  /** From the first daily verification that is missing: what is verified then was so the day before. */
  readonly oldestVerification: number;
  /** From the first run of the retention that is missing. */
  readonly retention: number;
  periodOf(alarm: string): number;
}

/** In seconds, by what the template says. */
function promises({ schedules, functions, alarms }: Deployment): Promises {
  const ruleOf = (name: string) => {
    const found = alarms.find((alarm) => alarm.name === name);
    if (!found) throw new Error(`the stack has no alarm ${name}`);
    return found.rule;
  };
  const every = (code: string) => {
    const target = functions.find((one) => one.code === code)?.name;
    const schedule = schedules.find((one) => one.target === target);
    if (!schedule) throw new Error(`nothing starts the function for ${code}`);
    const from = new Date(0);
    return (nextFiring(schedule.expression, schedule.timeZone, from)?.getTime() ?? 0) / 1000;
  };
  const nextLook = every('freshness') + MINUTE;
  return {
    nextLook,
    newestAge: ruleOf('BackupTooOld').threshold + nextLook,
    verifiedAge: ruleOf('VerifiedBackupTooOld').threshold + nextLook,
    sweep: every('verify'),
    // The stack is a day old, and the oldest backup that it keeps an hour younger.
    oldestVerification: ruleOf('VerificationOverdue').threshold - every('verify') + nextLook + 60 * MINUTE,
    retention:
      (ruleOf('RetentionOverdue').evaluationPeriods + EXTRA_PERIODS) * ruleOf('RetentionOverdue').periodSeconds -
      every('retention') +
      2 * MINUTE,
    periodOf: (name) => ruleOf(name).periodSeconds,
  };
}

/** The rows of the newest point. */
async function harm(world: World, change: (key: string) => void): Promise<void> {
  const { store, deployment, disturbances } = world;
  const [newest] = await listPoints(store, deployment.taskEnvironment[ENVIRONMENT.source], 'dump');
  change(`${pointPrefix(newest)}orders/data-001.dump.zst`);
  disturbances.happened();
}
