import { BackupTask } from './backup-task';

/**
 * Gives a task a directory that it may write to: below /tmp lies its own ephemeral storage, which goes with the task. The root
 * is read-only.
 */
export function addScratchVolume({ taskDefinition, container }: BackupTask): void {
  taskDefinition.addVolume({ name: SCRATCH });
  container.addMountPoints({ containerPath: '/tmp', sourceVolume: SCRATCH, readOnly: false });
}

const SCRATCH = 'scratch';
