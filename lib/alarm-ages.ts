import { Duration } from 'aws-cdk-lib';
import { objectivesFor } from '../model';
import { BackupAlarmsProps } from './backup-alarms-props';
import { BackupVault } from './backup-vault';

type AgeBasis = Pick<BackupAlarmsProps, 'plan' | 'vault' | 'dataLag' | 'newestAge' | 'newestVerifiedAge'>;

/** The age of the newest good backup, and of the newest verified one, above which alarms go off: as stated, or from the plan. */
export function alarmAges(basis: AgeBasis): [Duration, Duration] {
  const { plan, vault, newestAge, newestVerifiedAge } = basis;
  const interval = plan.mostFrequentRule.longestInterval;
  const lag = basis.dataLag ?? Duration.seconds(0);
  const objectives = objectivesFor(interval.toSeconds());
  const newest = newestAge ?? Duration.seconds(objectives.newestSeconds).plus(lag);
  requireLonger('newestAge', newest, interval, lag);
  const sweepSeconds = vault instanceof BackupVault ? 0 : Duration.days(1).toSeconds();
  const room = objectives.newestVerifiedSeconds - objectives.newestSeconds + sweepSeconds;
  const verified = newestVerifiedAge ?? Duration.seconds(newest.toSeconds() + room);
  requireLonger('newestVerifiedAge', verified, interval, lag);
  return [newest, verified];
}

function requireLonger(prop: string, value: Duration, interval: Duration, lag: Duration): void {
  if (value.toSeconds() > interval.toSeconds() + lag.toSeconds()) return;
  const older = lag.toSeconds() === 0 ? '' : `, and what a run takes may be ${inHours(lag)} old`;
  throw new Error(
    `${prop} of the alarms is ${inHours(value)}, but the time between two runs of the plan is ${inHours(interval)}${older}: it would go off without a fault. ` +
      'State a longer one, or a plan with more frequent backups',
  );
}

/** As people state them: `26 h` rather than `1 day 2 hours`. */
export function inHours(duration: Duration): string {
  const hours = duration.toHours({ integral: false });
  return Number.isInteger(hours) ? `${hours} h` : `${Math.round(duration.toMinutes({ integral: false }))} min`;
}
