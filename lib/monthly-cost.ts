/**
 * What a plan costs a month, roughly, before it is deployed: what is kept, in which storage, and how long tasks run.
 */
import { Size } from 'aws-cdk-lib';
import { BackupPlan } from './backup-plan';
import { BackupRule } from './backup-rule';
import { StorageTiers } from './storage-tiers';
import { UnitPrices } from './unit-prices';
import { WatchedParts, watchCost } from './watch-cost';

export interface CostBasis {
  /** One recovery point as it is stored. */
  readonly size: Size;
  readonly plan: BackupPlan;
  readonly tiers: StorageTiers;
  readonly cpuUnits: number;
  readonly memoryMiB: number;
  readonly watched: WatchedParts;
}

export interface MonthlyCost {
  /** Recovery points that are kept at once, when the plan has run for long enough. */
  readonly recoveryPoints: number;
  readonly storedGb: number;
  /** US dollars. */
  readonly storage: number;
  /** US dollars. */
  readonly tasks: number;
  /** US dollars. */
  readonly watching: number;
}

/** An estimate: points are spread evenly, and a task stores {@link STORED_MB_PER_SECOND} after a minute of starting. */
export function estimateMonthlyCost(basis: CostBasis, prices: UnitPrices): MonthlyCost {
  const sizeGb = basis.size.toBytes() / 1e9;
  const rules = basis.plan.rules;
  const days = rules.map((rule) => pointDays(rule, basis.tiers));
  const points = (pick: (one: PointDays) => number) => days.reduce((sum, one) => sum + pick(one), 0);
  const runHours = (60 + (sizeGb * 1000) / STORED_MB_PER_SECOND) / 3600;
  const runsPerMonth = rules.reduce((sum, rule) => sum + DAYS_PER_MONTH / intervalDays(rule), 0);
  const taskHour =
    (basis.cpuUnits / 1024) * prices.fargateCpuHour + (basis.memoryMiB / 1024) * prices.fargateMemoryHour;
  return {
    recoveryPoints: points((one) => one.standard + one.infrequent + one.archive),
    storedGb: sizeGb * points((one) => one.standard + one.infrequent + one.archive),
    storage:
      sizeGb *
      (points((one) => one.standard) * prices.standard +
        points((one) => one.infrequent) * prices.infrequentAccess +
        points((one) => one.archive) * prices.glacierInstantRetrieval),
    tasks: runsPerMonth * runHours * taskHour,
    watching: watchCost(basis.watched, prices),
  };
}

/** A sentence or two for a person, with what is not in it. */
export function describeMonthlyCost(cost: MonthlyCost, basis: CostBasis, prices: UnitPrices, region: string): string {
  const dollars = (amount: number) => `$${amount.toFixed(2)}`;
  const priced =
    region === prices.region ? `prices of ${region}` : `prices of us-east-1, as those of ${region} are not known here`;
  return (
    `about ${dollars(cost.storage + cost.tasks + cost.watching)} a month (estimate, ${priced}): ` +
    `${Math.round(cost.recoveryPoints)} recovery points of ${(basis.size.toBytes() / 1e9).toFixed(1)} GB are ${cost.storedGb.toFixed(0)} GB, ` +
    `${dollars(cost.storage)} to keep; tasks ${dollars(cost.tasks)}; alarms, metrics and dashboard ${dollars(cost.watching)}. ` +
    `Not counted: keys (${dollars(prices.key)} each), requests, logs, NAT or endpoints, copies elsewhere.`
  );
}

/** A cautious figure for a task of one vCPU, of which compression takes most. */
const STORED_MB_PER_SECOND = 20;
const DAYS_PER_MONTH = 30.4;

/** How many points a rule has in each tier at any moment. */
interface PointDays {
  readonly standard: number;
  readonly infrequent: number;
  readonly archive: number;
}

function pointDays(rule: BackupRule, tiers: StorageTiers): PointDays {
  const kept = rule.keepFor.toDays({ integral: false });
  const toInfrequent = Math.min(kept, tiers.infrequentAccessAfter?.toDays() ?? kept);
  const toArchive = Math.min(kept, tiers.archiveAfter?.toDays() ?? kept);
  const interval = intervalDays(rule);
  return {
    standard: toInfrequent / interval,
    infrequent: (toArchive - toInfrequent) / interval,
    archive: (kept - toArchive) / interval,
  };
}

/** The longest interval is near enough to the usual one: a month of 31 days, a day of 25 hours. */
function intervalDays(rule: BackupRule): number {
  return rule.longestInterval.toDays({ integral: false });
}
