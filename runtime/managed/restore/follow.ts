/** Looks at a database that AWS is making until it is there, or is known not to come. */
import { BackupError } from '../../errors';
import type { Step } from '../../observe/reporter';
import type { DescribedDatabase, ManagedRestoreContext } from './types';

/** Usable; what goes on beside it changes nothing for those who connect. */
const THERE: ReadonlySet<string> = new Set(['available', 'storage-optimization', 'storage-config-upgrade']);

/**
 * States that no waiting ends.
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/accessing-monitoring.html and
 * https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/accessing-monitoring.html
 */
const LOST: Readonly<Record<string, string>> = {
  failed: 'AWS could not make it',
  'restore-error': 'the restore failed at AWS',
  'incompatible-restore': 'AWS cannot restore that moment',
  'incompatible-create': 'its settings do not go together',
  'incompatible-network': 'its subnets have no room for it, or are gone',
  'incompatible-option-group': 'the option group of its source does not fit it',
  'incompatible-parameters': 'it does not start with the parameter group of its source',
  'insufficient-capacity': 'AWS has no machine of its class there now',
  'inaccessible-encryption-credentials': 'its key cannot be used: it is disabled, deleted, or lets RDS no longer in',
  'inaccessible-encryption-credentials-recoverable': 'its key cannot be used: it is disabled, or lets RDS no longer in',
  'storage-full': 'its storage is full',
  'cloning-failed': 'AWS could not make it',
  'migration-failed': 'AWS could not make it',
  deleting: 'somebody deletes it',
  'delete-precheck': 'somebody deletes it',
  stopping: 'somebody stops it',
  stopped: 'somebody stopped it',
};

/** AWS tells of what it was just asked to make only after a while. */
const LOOKS_UNTIL_SEEN = 40;

export async function follow(
  what: string,
  look: () => Promise<DescribedDatabase | undefined>,
  step: Step,
  { signal, wait }: Pick<ManagedRestoreContext, 'signal' | 'wait'>,
): Promise<DescribedDatabase> {
  let wasSeen = false;
  for (let looks = 1; ; looks += 1) {
    const found = await look();
    if (found && THERE.has(found.status)) return found;
    if (found) {
      wasSeen = true;
      step.detail(`${what}: ${found.status}`);
      if (found.status in LOST) throw lost(what, found.status);
    } else if (wasSeen || looks >= LOOKS_UNTIL_SEEN) {
      throw new BackupError('restore-failed', `${what} is not there${wasSeen ? ' any more' : ''}`, {
        hint: 'Somebody deleted it, or AWS gave it up: its events in the console of Amazon RDS tell.',
      });
    }
    await wait(signal);
  }
}

function lost(what: string, status: string): BackupError {
  return new BackupError('restore-failed', `${what} is "${status}": ${LOST[status]}`, {
    hint: 'Its events in the console of Amazon RDS tell more. Delete it, mend the cause, and restore again.',
  });
}
