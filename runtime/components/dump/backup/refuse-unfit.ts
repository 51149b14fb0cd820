import { EXIT } from '../../../../model';
import { BackupError } from '../../../errors';
import { preflight } from '../../../postgres/preflight/preflight';
import type { PreflightFinding } from '../types';
import type { BackupRun } from './backup-run';

/**
 * Refuses a database that could not be dumped whole, before anything of it is read. The first finding is the error; the
 * others stand in its detail, so that all can be mended at once. What could not be checked is refused like what failed.
 */
export async function refuseUnfit(run: BackupRun, name: string): Promise<void> {
  const { server, signal, reporter } = run.context;
  const findings = await preflight(server, run.tools, run.request, { database: name, signal });
  for (const { outcome, finding } of findings) {
    if (outcome !== 'warning' || run.warnings.includes(finding)) continue;
    run.warnings.push(finding);
    reporter.warn(finding);
  }
  const unfit = findings.filter(({ outcome }) => outcome === 'failed' || outcome === 'could not verify');
  if (unfit.length > 0) throw refusal(name, unfit);
}

function refusal(name: string, unfit: readonly PreflightFinding[]): BackupError {
  const first = unfit.find(({ outcome }) => outcome === 'failed') ?? unfit[0];
  const others = unfit.filter((finding) => finding !== first);
  return new BackupError(first.code ?? 'internal', `database "${name}" cannot be backed up: ${first.finding}`, {
    detail: others.map(({ check, finding }) => `${check}: ${finding}`).join('\n') || undefined,
    hint: first.hint,
    exitCode: first.outcome === 'failed' ? EXIT.failed : EXIT.unverified,
  });
}
