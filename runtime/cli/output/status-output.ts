import { pointId, RETENTION_CLASSES, type RetentionClass } from '../../../model';
import { formatAge, formatDuration, formatNumberOf } from '../../observe/format';
import { printable } from '../../observe/printable';
import type { ObjectiveResult } from '../../observe/status/evaluate';
import type { DrillStatus } from '../../observe/status/drill-status';
import type { ComponentStatus, SourceStatus } from '../../observe/status/source-status';
import type { Style } from '../../observe/style';
import type { Answer } from '../answer';
import { inHours } from './in-hours';
import { outcomeColour } from './outcome-colour';
import { statusDocument } from './status-document';
import { setLines, statusTable } from './status-table';

/** Shown at most of a kind; more are counted. */
const MOST_SHOWN = 5;
const NAME_WIDTH = 10;

export function statusAnswer(status: SourceStatus, results: readonly ObjectiveResult[]): Answer {
  const missed = results.filter(({ met }) => !met);
  const sentences = missed.map((result) => missedSentence(result, status.at));
  return {
    outcome: missed.length > 0 ? 'objective missed' : 'passed',
    summary: `${status.source}: ${missed.length > 0 ? sentences.join('; ') : 'all objectives met'}`,
    lines: (style) => [
      headline(status, missed.length, style),
      ...statusTable(status, results, style),
      ...setLines(status.sets, status.at, style),
      ...status.components.flatMap((component) => componentLines(component, status, style)),
      ...drillLines('drill', status.drills, status.at, style),
      ...sentences.map((sentence) => `  ${style.bad('✗')} ${sentence}`),
    ],
    document: statusDocument(status, results),
  };
}

function headline({ source, vault, components }: SourceStatus, missed: number, style: Style): string {
  const server = components.find(({ newest }) => newest)?.newest?.serverVersion;
  const place = [server && `PostgreSQL ${printable(server)}`, printable(vault)].filter(Boolean).join(' · ');
  const verdict =
    missed > 0 ? style.bad(`${formatNumberOf(missed, 'objective')} missed`) : style.good('all objectives met');
  return `${style.strong(source)}  ${place}  ${verdict}`;
}

function componentLines(status: ComponentStatus, { components, at }: SourceStatus, style: Style): string[] {
  const whose = components.length > 1 ? [status.component] : [];
  return [
    labelled('kept', [...whose, ...keptParts(status)]),
    ...shown(
      status.newest?.lacks ?? [],
      'mirror or volume that it lacks',
      ({ name, point, at: last }) =>
        `  ${style.unsure('!')} the newest of ${status.component} lacks ${printable(name)}: the last of it is ${formatAge(new Date(last), at)}, in ${printable(point)}`,
    ),
    ...shown(
      status.failedRuns,
      'failed run',
      ({ address, failedAt, code, message }) =>
        `  ${style.bad('✗')} last ${address.class} run failed ${formatAge(failedAt, at)}: ${printable(message)} (${printable(code)})`,
    ),
    ...shown(status.notGood, 'recovery point that is no good', ({ address, outcome, reason }) => {
      const [mark, what] = outcome === 'failed' ? [style.bad('✗'), 'failed'] : [style.unsure('?'), 'could not be done'];
      return `  ${mark} verification of ${pointId(address)} ${what}: ${printable(reason)}`;
    }),
  ];
}

/** `drill  2 days ago  passed  restored in 11 min 32 s  objective 4 h`. */
function drillLines(label: string, drills: DrillStatus | undefined, at: Date, style: Style): string[] {
  if (!drills) return [labelled(label, ['none yet'])];
  const { newest, newestPassed } = drills;
  const { restoreMs, projectedRestoreMs, objectiveSeconds } = newestPassed ?? newest;
  const lines = [
    labelled(label, [
      formatAge(newest.begunAt, at),
      outcomeColour(newest.outcome, style)(newest.outcome),
      ...(newestPassed === newest
        ? []
        : [newestPassed ? `passed ${formatAge(newestPassed.begunAt, at)}` : 'none passed']),
      ...(restoreMs === null ? [] : [`restored in ${formatDuration(restoreMs)}`]),
      ...(projectedRestoreMs === null || projectedRestoreMs === restoreMs
        ? []
        : [`now about ${formatDuration(projectedRestoreMs)}`]),
      ...(objectiveSeconds === null ? [] : [`objective ${inHours(objectiveSeconds)}`]),
    ]),
  ];
  if (newest.outcome !== 'passed') lines.push(`  ${style.bad('✗')} drill ${newest.drill}: ${printable(newest.reason)}`);
  return lines;
}

function keptParts({ kept, oldest }: ComponentStatus): string[] {
  const counts = RETENTION_CLASSES.flatMap((name: RetentionClass) => (kept[name] ? `${kept[name]} ${name}` : []));
  if (!oldest) return ['nothing'];
  return [counts.join(' · '), `oldest ${oldest.begunAt.toISOString().slice(0, 10)}`];
}

function labelled(label: string, parts: readonly string[]): string {
  return `  ${label.padEnd(NAME_WIDTH)} ${parts.join('   ')}`;
}

function shown<Item>(items: readonly Item[], name: string, line: (item: Item) => string): string[] {
  const left = items.length - MOST_SHOWN;
  return [...items.slice(0, MOST_SHOWN).map(line), ...(left > 0 ? [`    and ${left} more: ${name}`] : [])];
}

function missedSentence({ component, objective, ageSeconds, objectiveSeconds }: ObjectiveResult, at: Date): string {
  if (objective === 'restore time') {
    return `${component}: a restore takes about ${formatDuration((ageSeconds ?? 0) * 1000)} (objective ${inHours(objectiveSeconds)})`;
  }
  const what = objective === 'newest' ? `${component}: newest backup` : `${component}: newest verified backup`;
  const seen = ageSeconds === null ? 'does not exist' : `was begun ${formatAge(secondsBefore(at, ageSeconds), at)}`;
  return `${what} ${seen} (objective ${inHours(objectiveSeconds)})`;
}

function secondsBefore(at: Date, seconds: number): Date {
  return new Date(at.getTime() - seconds * 1000);
}
