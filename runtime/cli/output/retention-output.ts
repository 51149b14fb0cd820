import type { Component, Outcome } from '../../../model';
import { formatAge, formatBytes, formatNumberOf } from '../../observe/format';
import { printable } from '../../observe/printable';
import type { Style } from '../../observe/style';
import type { EndedOfMirror, EndedVersions } from '../../retention/mirrored/end-mirrored';
import type { PlannedRun, RetentionPlan, RetentionResult } from '../../retention/types';
import type { Answer } from '../answer';
import { inColumns } from './columns';

/** `--json` of `retention`. */
export interface RetentionDocument {
  readonly format: 'postgres-backup/retention/1';
  readonly outcome: Outcome;
  readonly source: string;
  readonly component: Component;
  readonly vault: string;
  /** Newest first. */
  readonly runs: readonly PlannedRunDocument[];
  /** What was marked; `null` when only shown. */
  readonly applied: {
    readonly marked: readonly string[];
    readonly versions: number;
    readonly failed: readonly FailedRun[];
  } | null;
  /** Of mirrors: versions that no inventory names any more, and that `--apply` has marked; `null` for other components. */
  readonly mirrored: EndedVersions | null;
}

interface PlannedRunDocument extends Omit<PlannedRun, 'storedAt' | 'prefix'> {
  readonly storedAt: string;
}

interface FailedRun {
  readonly point: string;
  readonly code: string;
  readonly message: string;
  readonly detail: string | null;
}

export interface Retained {
  readonly plan: RetentionPlan;
  /** Nothing when it was only shown. */
  readonly result?: RetentionResult;
  /** Of mirrors alone. */
  readonly mirrored?: EndedVersions;
  readonly vault: string;
}

const COLUMNS = [
  { title: 'POINT' },
  { title: 'CLASS' },
  { title: 'STORED', align: 'right' },
  { title: 'VERIFICATION' },
  { title: 'ACTION' },
  { title: 'REASON' },
] as const;

export function retentionAnswer({ plan, result, mirrored, vault }: Retained, now: Date): Answer {
  const failed = result?.failed ?? [];
  const outcome = failed.length > 0 ? 'failed' : 'passed';
  const summary = `${plan.source}: ${counts(plan)} · ${whatWasDone(plan, result, mirrored)}`;
  const document: RetentionDocument = {
    format: 'postgres-backup/retention/1',
    outcome,
    source: plan.source,
    component: plan.component,
    vault,
    runs: plan.runs.map(runDocument),
    applied: result
      ? { marked: result.marked.map(({ point }) => point), versions: result.versions, failed: failed.map(failedRun) }
      : null,
    mirrored: mirrored ?? null,
  };
  return {
    outcome,
    summary,
    lines: (style) => {
      const [head, ...rows] = inColumns(
        COLUMNS,
        plan.runs.map((run) => row(run, now)),
      );
      return [
        style.faint(head),
        ...rows.map((line, index) => coloured(plan.runs[index], style)(line)),
        ...failed.map(
          ({ run, error }) =>
            `${style.bad('could not mark')} ${run.point}: ${printable(error.message)}${error.detail ? ` (${printable(error.detail)})` : ''}`,
        ),
        ...(mirrored?.mirrors ?? []).flatMap((one) => mirroredLines(one, result)),
        summary,
      ];
    },
    document,
  };
}

function row(run: PlannedRun, now: Date): string[] {
  const { point, class: retentionClass, storedAt, verification, action, reason, kind } = run;
  const isPoint = kind === 'recovery point';
  return [point, retentionClass, formatAge(storedAt, now), isPoint ? verification : '-', action, printable(reason)];
}

/** Without `--apply` it says what, and not only how much. */
function mirroredLines(
  { mirror, versions, sizeBytes, examples }: EndedOfMirror,
  result: RetentionResult | undefined,
): string[] {
  if (versions === 0) return [`mirror ${mirror}: every version is named by an inventory, or too young to end`];
  const what = `mirror ${mirror}: ${formatNumberOf(versions, 'version')}, ${formatBytes(sizeBytes)}, in no inventory any more`;
  if (result) return [`${what}; marked`];
  const more = versions - examples.length;
  return [
    what,
    ...examples.map((one) => `  ${printable(one.key)} ${one.versionId} (${formatBytes(one.sizeBytes)})`),
    ...(more > 0 ? [`  and ${formatNumberOf(more, 'other')}`] : []),
  ];
}

/** What stays is the rule; what ends stands out. */
function coloured({ action }: PlannedRun, style: Style): (text: string) => string {
  return action === 'keep' ? (text) => text : style.unsure;
}

function counts({ runs }: RetentionPlan): string {
  const points = runs.filter(({ kind }) => kind === 'recovery point');
  const kept = points.filter(({ action }) => action === 'keep').length;
  const leftovers = runs.length - points.length;
  const parts = [`${formatNumberOf(points.length, 'recovery point')}, ${kept} kept, ${points.length - kept} ending`];
  if (leftovers > 0) {
    const ending = runs.filter(({ kind, action }) => kind === 'leftover' && action !== 'keep').length;
    parts.push(`${formatNumberOf(leftovers, 'leftover')}, ${ending} ending`);
  }
  return parts.join('; ');
}

function whatWasDone(
  { runs }: RetentionPlan,
  result: RetentionResult | undefined,
  mirrored: EndedVersions | undefined,
): string {
  if (result) {
    const done = `${result.marked.length} marked (${formatNumberOf(result.versions, 'version')})`;
    return result.failed.length > 0 ? `${done}, ${result.failed.length} could not be` : done;
  }
  return runs.some(({ action }) => action !== 'keep') || (mirrored?.versions ?? 0) > 0
    ? 'nothing was changed; --apply marks what ends'
    : 'nothing to do';
}

function runDocument(run: PlannedRun): PlannedRunDocument {
  const { point, class: retentionClass, kind, storedAt, verification, action, reason } = run;
  return { point, class: retentionClass, kind, storedAt: storedAt.toISOString(), verification, action, reason };
}

function failedRun({ run, error }: RetentionResult['failed'][number]): FailedRun {
  return { point: run.point, code: error.code, message: error.message, detail: error.detail ?? null };
}
