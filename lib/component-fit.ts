import { Duration } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';
import { BackupComponent } from './backup-component';
import { requireRecoveryPointObjective } from './objectives';
import { PostgresSource } from './postgres-source';
import { ScheduledComponent } from './scheduled-component';

/** Whether a component may be added to a backup: of the same source, and often enough for its objective. Throws with what to do. */
export function requireFit(
  { node, source, recoveryPointObjective }: IConstruct & { source: PostgresSource; recoveryPointObjective?: Duration },
  { node: added, component, sourceName, plan }: ScheduledComponent,
): void {
  if (sourceName !== source.sourceName) {
    throw new Error(
      `${added.path} backs up ${component} of '${sourceName}', but ${node.path} is of '${source.sourceName}': make it with componentDefaults`,
    );
  }
  // Of a base backup the log gives the rest, and settings change with deployments.
  const hasObjective = component === BackupComponent.OBJECTS || component === BackupComponent.FILES;
  if (recoveryPointObjective && hasObjective) requireRecoveryPointObjective(recoveryPointObjective, plan);
}
