import { BackupPlan } from './backup-plan';
import { StorageTiers } from './storage-tiers';

/**
 * Rules whose recovery points move to a cheaper tier and end before they have been there for as long as is paid for: moving
 * them costs more than it saves. One sentence each.
 */
export function tiersThatDoNotPay(plan: BackupPlan, tiers: StorageTiers): string[] {
  return plan.rules.flatMap((rule) =>
    [
      { name: 'Standard-IA', after: tiers.infrequentAccessAfter, paidDays: 30 },
      { name: 'Glacier Instant Retrieval', after: tiers.archiveAfter, paidDays: 90 },
    ].flatMap(({ name, after, paidDays }) => {
      const daysInTier = after ? rule.keepFor.toDays({ integral: false }) - after.toDays() : 0;
      if (daysInTier <= 0 || daysInTier >= paidDays) return [];
      return [
        `recovery points of rule '${rule.name}' move to ${name} after ${after?.toHumanString()} and end ${Math.ceil(daysInTier)} days later, ` +
          `but ${paidDays} days are paid for. Keep them longer, or move later: BackupVault's storageTiers`,
      ];
    }),
  );
}
