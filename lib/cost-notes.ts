/** What is told of costs at synthesis: what a plan costs a month, and storage tiers that cost more than they save. */
import { Annotations, AspectPriority, Aspects, Size, Stack, Token } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { BackupPlan } from './backup-plan';
import { BackupTaskOptions } from './backup-task';
import { fargateSize } from './fargate-size';
import { describeMonthlyCost, estimateMonthlyCost } from './monthly-cost';
import { StorageTiers } from './storage-tiers';
import { tiersThatDoNotPay } from './tier-fit';
import { unitPrices } from './unit-prices';
import { watchedParts, whenWhole } from './watch-cost';

/** What costs. */
export interface CostNoteBasis {
  readonly sourceName: string;
  readonly plan: BackupPlan;
  readonly tiers: StorageTiers;
  /** Of one recovery point as it is stored; without it nothing is told of a month. */
  readonly size?: Size;
  readonly task: BackupTaskOptions;
}

export function noteCosts(scope: Construct, { sourceName, plan, tiers, size, task }: CostNoteBasis): void {
  for (const finding of tiersThatDoNotPay(plan, tiers)) {
    Annotations.of(scope).addWarningV2('cdk-postgres-backup:tierDoesNotPay', finding);
  }
  if (!size) return;
  const region = Stack.of(scope).region;
  const prices = unitPrices(region);
  const place = Token.isUnresolved(region) ? 'this region' : region;
  const note = () => {
    const basis = { size, plan, tiers, ...fargateSize(task.cpu, task.memory), watched: watchedParts(scope) };
    Annotations.of(scope).addInfoV2(
      'cdk-postgres-backup:monthlyCost',
      `Backups of ${sourceName} cost ${describeMonthlyCost(estimateMonthlyCost(basis, prices), basis, prices, place)}`,
    );
  };
  Aspects.of(scope).add(whenWhole(scope, note), { priority: AspectPriority.READONLY });
}
