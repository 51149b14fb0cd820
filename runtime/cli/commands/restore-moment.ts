import path from 'node:path';
import { toBackupError } from '../../errors';
import { describeTarget } from '../../recovery/describe-target';
import type { MomentReport, MomentTarget } from '../../recovery/types';
import type { Answer } from '../answer';
import type { CommandRun, Counted } from '../execute';
import { OF_A_DATABASE, refuseForeignOptions } from '../options/foreign-options';
import { momentRequest, type MomentOptions } from '../options/moment-options';
import { vaultEnvironment } from '../options/vault-environment';
import { momentAnswer } from '../output/moment-output';

export const RESTORE_MOMENT_COUNTED: Counted = {
  component: 'base-backup',
  succeeded: 'restoreSucceeded',
  failed: 'restoreFailed',
};

/** A segment may be on its way although later ones are archived: several are pushed at once. */
const GAP_PATIENCE_SECONDS = 60;

/** `restore --to-time …`: a whole server, from base backups and the archived log. */
export async function restoreMoment(target: MomentTarget, run: CommandRun): Promise<Answer> {
  const { source, store, reporter, signal, now, dependencies } = run;
  refuseForeignOptions(run.command, OF_A_DATABASE, 'a database, and a moment is of a whole server');
  const asked = momentRequest(run.command.opts<MomentOptions>());
  const dataDirectory = path.resolve(asked.dataDirectory);
  reporter.headline(`${source} → ${dataDirectory}, to ${describeTarget(target)}`);
  const request = {
    ...asked,
    source,
    target,
    dataDirectory,
    program: dependencies.host.program,
    environment: vaultEnvironment(dependencies.host.env),
    gapPatienceSeconds: GAP_PATIENCE_SECONDS,
  };
  const report = await recorded(run, target, dataDirectory, () =>
    dependencies.moments.restore(request, { store, reporter, signal, now }),
  );
  run.measure({ restoreDuration: Math.round(report.durationMs) / 1000 });
  return momentAnswer(report);
}

/** Who restored what, and where to, for who asks later. */
async function recorded(
  { source, reporter, dependencies }: CommandRun,
  target: MomentTarget,
  dataDirectory: string,
  work: () => Promise<MomentReport>,
): Promise<MomentReport> {
  const identity = await dependencies.callerIdentity?.();
  const what = { source, point: describeTarget(target), target: dataDirectory, identity };
  reporter.note('restore-begun', what);
  try {
    const report = await work();
    reporter.note('restore-ended', { ...what, outcome: report.outcome, durationMs: Math.round(report.durationMs) });
    return report;
  } catch (thrown) {
    reporter.note('restore-ended', { ...what, outcome: 'failed', code: toBackupError(thrown).code });
    throw thrown;
  }
}
