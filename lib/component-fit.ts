import { Annotations, Duration } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';
import { inHours } from './alarm-ages';
import { BackupComponent } from './backup-component';
import { requireRecoveryPointObjective } from './objectives';
import { PostgresSource } from './postgres-source';
import { ScheduledComponent } from './scheduled-component';

/** Whether a component may be added to a backup: of the same source, and often enough for its objective. Throws with what to do. */
export function requireFit(
  { node, source, recoveryPointObjective }: IConstruct & { source: PostgresSource; recoveryPointObjective?: Duration },
  scheduled: ScheduledComponent,
): void {
  const { node: added, component, sourceName, plan } = scheduled;
  if (sourceName !== source.sourceName) {
    throw new Error(
      `${added.path} backs up ${component} of '${sourceName}', but ${node.path} is of '${source.sourceName}': make it with componentDefaults`,
    );
  }
  // Of a base backup the log gives the rest, and settings change with deployments.
  const hasObjective = component === BackupComponent.OBJECTS || component === BackupComponent.FILES;
  if (!recoveryPointObjective || !hasObjective) return;
  requireRecoveryPointObjective(recoveryPointObjective, plan);
  warnOfLag(scheduled, recoveryPointObjective);
}

/** No plan makes S3 list more often. */
function warnOfLag(component: ScheduledComponent, objective: Duration): void {
  const oldestSeconds = component.plan.mostFrequentRule.longestInterval.toSeconds() + component._dataLag.toSeconds();
  if (component._dataLag.toSeconds() === 0 || oldestSeconds <= objective.toSeconds()) return;
  Annotations.of(component).addWarningV2(
    'cdk-postgres-backup:listsAreOlder',
    `recoveryPointObjective is ${objective.toHumanString()}, but recovery points of a replica are made of lists by S3, and show what was ` +
      `there up to ${inHours(Duration.seconds(oldestSeconds))} before; what was written since is in the copy, and in no recovery point`,
  );
}
