import { toBackupError } from '../../errors';
import { describeManagedTarget } from '../../managed/restore/restore-managed';
import type { MomentTarget } from '../../recovery/types';
import type { Answer } from '../answer';
import type { Counted, VaultlessRun } from '../execute';
import { managedRequest, type ManagedOptions } from '../options/managed-options';
import { OF_A_DATABASE, OF_A_DATA_DIRECTORY, refuseForeignOptions } from '../options/foreign-options';
import { managedRestoreAnswer } from '../output/managed-restore-output';

export const RESTORE_MANAGED_COUNTED: Counted = {
  // What the archive of the log is for a server of one's own.
  component: 'wal',
  succeeded: 'restoreSucceeded',
  failed: 'restoreFailed',
};

/** `restore --to-time … --rds-instance …`: by AWS, from the window that it keeps. */
export async function restoreManaged(target: MomentTarget, run: VaultlessRun): Promise<Answer> {
  const { source, reporter, signal, now, dependencies } = run;
  refuseForeignOptions(run.command, OF_A_DATABASE, 'a database, and AWS restores all of them');
  refuseForeignOptions(run.command, OF_A_DATA_DIRECTORY, 'a data directory, and AWS has its own');
  const request = managedRequest(run.command.opts<ManagedOptions>(), target);
  const words = describeManagedTarget(request.target);
  reporter.headline(`${source}: the ${request.kind} ${request.identifier} → ${request.newIdentifier}, to ${words}`);
  const identity = await dependencies.callerIdentity?.();
  const what = { source, point: words, target: request.newIdentifier, identity };
  reporter.note('restore-begun', what);
  try {
    const report = await dependencies.managed.restore(request, { reporter, signal, now });
    reporter.note('restore-ended', { ...what, outcome: report.outcome, durationMs: Math.round(report.durationMs) });
    run.measure({ restoreDuration: Math.round(report.durationMs) / 1000 });
    return managedRestoreAnswer(report);
  } catch (thrown) {
    reporter.note('restore-ended', { ...what, outcome: 'failed', code: toBackupError(thrown).code });
    throw thrown;
  }
}
