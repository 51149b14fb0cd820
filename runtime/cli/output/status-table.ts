/** How the components and the sets of a source stand, as a table that fits 100 columns. */
import { ITEM_NAMES } from '../../../model';
import { formatAge, formatBytes, formatDuration, formatNumberOf } from '../../observe/format';
import { printable } from '../../observe/printable';
import type { ObjectiveResult } from '../../observe/status/evaluate';
import type { SetsStatus } from '../../observe/status/set-status';
import type { ComponentStatus, SourceStatus } from '../../observe/status/source-status';
import type { Style } from '../../observe/style';
import { inColumns } from './columns';
import { inHours } from './in-hours';

const COLUMNS = [
  { title: 'COMPONENT' },
  { title: 'NEWEST' },
  { title: 'VERIFIED' },
  { title: 'SIZE', align: 'right' },
  { title: 'HOLDS', align: 'right' },
  { title: 'TOOK', align: 'right' },
  { title: 'OBJECTIVE' },
] as const;

/** A line for each component, each with a mark: whether its objectives are met and all that is kept is good. */
export function statusTable(
  { components, at }: SourceStatus,
  results: readonly ObjectiveResult[],
  style: Style,
): string[] {
  const rows = components.map((component) => row(component, at, results));
  const [title, ...lines] = inColumns(COLUMNS, rows);
  return [
    `    ${title}`,
    ...components.map((component, index) => `  ${markOf(component, results, style)} ${lines[index]}`),
  ];
}

/** `✓ sets  newest 2 h ago  passed: dump, objects  1.9 MB in 4 min  12 kept`, and why, where the newest is none to restore. */
export function setLines(sets: SetsStatus | undefined, at: Date, style: Style): string[] {
  if (!sets) return [];
  const { newest, newestGood, kept } = sets;
  const good =
    newestGood === newest ? [] : [newestGood ? `newest good ${formatAge(newestGood.begunAt, at)}` : 'none is good'];
  const parts = [
    `newest ${formatAge(newest.begunAt, at)}`,
    `${newest.outcome}: ${newest.members.map(({ component }) => component).join(', ') || 'nothing'}`,
    ...good,
    `${formatBytes(newest.storedBytes)} in ${formatDuration(newest.durationMs)}`,
    `${kept} kept`,
  ];
  const mark = newest.outcome === 'passed' ? style.good('✓') : style.bad('✗');
  return [
    `  ${mark} sets       ${parts.join('   ')}`,
    ...(newest.reason === null ? [] : [`      set ${newest.set}: ${printable(newest.reason)}`]),
  ];
}

function row(
  { component, newest, newestVerified }: ComponentStatus,
  at: Date,
  results: readonly ObjectiveResult[],
): string[] {
  const objective = objectiveText(component, results);
  if (!newest) return [component, 'none', 'none', '–', '–', '–', objective];
  const verified = newestVerified ? formatAge(newestVerified.begunAt, at) : 'none';
  return [
    component,
    formatAge(newest.begunAt, at),
    newest.verification === 'passed' ? 'yes' : verified,
    formatBytes(newest.storedBytes),
    formatNumberOf(newest.items, ITEM_NAMES[component]),
    formatDuration(newest.durationMs),
    objective,
  ];
}

function markOf(
  { component, newest, notGood, failedRuns }: ComponentStatus,
  results: readonly ObjectiveResult[],
  style: Style,
): string {
  const isMissed = results.some((result) => result.component === component && !result.met);
  if (isMissed) return style.bad('✗');
  const isWhole = (newest?.lacks ?? []).length === 0;
  return notGood.length > 0 || failedRuns.length > 0 || !isWhole ? style.unsure('!') : style.good('✓');
}

function objectiveText(component: ComponentStatus['component'], results: readonly ObjectiveResult[]): string {
  const own = results.filter((result) => result.component === component);
  const [newest, verified] = own.map(({ objectiveSeconds }) => inHours(objectiveSeconds));
  return newest === verified ? newest : `${newest}, verified ${verified}`;
}
