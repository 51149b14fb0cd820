/** One run of the auditing function: audits, tells each finding, and publishes the figures that alarms watch. */
import { ENVIRONMENT, sourceNameProblem } from '../../model';
import { BackupError } from '../errors';
import { logLine } from '../observe/log-line';
import { metricLine } from '../observe/metrics';
import type { ObjectStore } from '../store/store';
import { auditWal } from './audit';

export interface AuditSettings {
  readonly vaultUri: string;
  readonly source: string;
}

export interface AuditSurroundings {
  readonly store: ObjectStore;
  readonly source: string;
  readonly now: () => Date;
  readonly signal: AbortSignal;
  /** Takes whole lines of the log. */
  readonly write: (line: string) => void;
}

/** Throws `configuration-invalid`, with the variable's name. */
export function readAuditSettings(env: NodeJS.ProcessEnv): AuditSettings {
  const source = required(env, ENVIRONMENT.source);
  const problem = sourceNameProblem(source);
  if (problem) {
    throw new BackupError('configuration-invalid', `${ENVIRONMENT.source} is ${JSON.stringify(source)}`, {
      hint: `As a source's name, ${problem}.`,
    });
  }
  return { vaultUri: required(env, ENVIRONMENT.vault), source };
}

/** When it cannot find out, it throws and publishes nothing: the alarms take silence for bad news. */
export async function publishAudit({ store, source, now, signal, write }: AuditSurroundings): Promise<void> {
  const audit = await auditWal(store, source, { signal, now });
  const { at, findings, ageSeconds } = audit;
  // What could not be verified is no good either.
  const metrics = metricLine(at, {
    source,
    component: 'wal',
    values: { walAge: ageSeconds, walFindings: findings.length },
  });
  for (const { kind, outcome, finding } of findings) {
    write(logLine(at, { level: 'error', event: 'wal-finding', kind, outcome, finding }));
  }
  write(
    logLine(at, {
      level: 'info',
      event: 'wal-audit',
      outcome: audit.outcome,
      clusters: audit.clusters.length,
      ageSeconds,
    }),
  );
  write(metrics);
}

function required(env: NodeJS.ProcessEnv, name: string): string {
  const value = env[name];
  if (value !== undefined && value !== '') return value;
  throw new BackupError('configuration-invalid', `environment variable ${name} is not set`, {
    hint: 'The construct that deploys this function sets it; deploy again.',
  });
}
