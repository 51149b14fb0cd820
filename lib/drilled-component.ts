import { componentPrefix, DRILLED_COMPONENTS, DrilledComponent, mirrorsPrefix } from '../model';
import { BackupComponent } from './backup-component';

/** Throws for what cannot be restored for practice. */
export function requireDrilled(component: BackupComponent): DrilledComponent {
  const drilled = DRILLED_COMPONENTS.find((one) => one === (component as string));
  if (drilled) return drilled;
  throw new Error(`a drill of ${component} cannot be made: it can be of ${DRILLED_COMPONENTS.join(', ')}`);
}

/** Key prefixes of a source that a restore of one of its components reads. */
export function drillPlaces(source: string, component: BackupComponent): string[] {
  const own = componentPrefix(source, component);
  if (component === BackupComponent.BASE_BACKUP) return [own, componentPrefix(source, BackupComponent.WAL)];
  if (component === BackupComponent.OBJECTS) return [own, mirrorsPrefix(source)];
  return [own];
}

/** Whether what a drill of it measures is what a restore takes: others restore a sample. */
export function isRestoreMeasured(component: BackupComponent): boolean {
  return component === BackupComponent.DUMP || component === BackupComponent.BASE_BACKUP;
}

/** Whether a drill of it restores some of it by lot. */
export function isSampled(component: BackupComponent): boolean {
  return component === BackupComponent.OBJECTS || component === BackupComponent.FILES;
}

/** Of the construct that drills it: a part of logical ids, so it never changes. */
export function drillId(component: BackupComponent): string {
  const words = component.split('-').map((word) => `${word.charAt(0).toUpperCase()}${word.slice(1)}`);
  return `${words.join('')}Drill`;
}
