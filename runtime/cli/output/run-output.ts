import type { BackupSet, Component, SetMember } from '../../../model';
import { formatBytes, formatCount, formatDuration, formatNumberOf } from '../../observe/format';
import { printable } from '../../observe/printable';
import type { Answer } from '../answer';
import { inColumns } from './columns';

/** `--json` of `run`: what the set says, whether it was recorded as one or not. */
export interface RunDocument extends Omit<BackupSet, 'format' | 'set'> {
  readonly format: 'postgres-backup/run/1';
  /** `null` when no set was recorded. */
  readonly set: string | null;
  readonly components: readonly Component[];
}

const COLUMNS = [
  { title: 'COMPONENT' },
  { title: 'OUTCOME' },
  { title: 'POINT' },
  { title: 'SIZE', align: 'right' },
  { title: 'TIME', align: 'right' },
] as const;

export function runAnswer(set: BackupSet, record: 'set' | 'none'): Answer {
  const { format: _, set: id, ...rest } = set;
  const document: RunDocument = {
    format: 'postgres-backup/run/1',
    set: record === 'set' ? id : null,
    components: set.members.map(({ component }) => component),
    ...rest,
  };
  return {
    outcome: set.outcome,
    summary: summaryOf(set, record),
    lines: () => [
      ...inColumns(COLUMNS, set.members.map(row)),
      ...set.members.flatMap(whatIsWrong),
      ...set.references.flatMap(referenceLines),
      ...set.warnings.map((warning) => `could not verify: ${printable(warning)}`),
      summaryOf(set, record),
    ],
    document,
  };
}

function summaryOf({ source, outcome, set, members, totals, durationMs }: BackupSet, record: 'set' | 'none'): string {
  const what = record === 'set' ? `set ${set}` : formatNumberOf(members.length, 'component');
  return `${source}: ${what} ${outcome} · ${formatBytes(totals.storedBytes)} · ${formatDuration(durationMs)}`;
}

function row({ component, outcome, point, storedBytes, durationMs }: SetMember): string[] {
  return [
    component,
    outcome,
    point ?? '–',
    point === null ? '–' : formatBytes(storedBytes),
    formatDuration(durationMs),
  ];
}

function whatIsWrong({ component, error }: SetMember): string[] {
  if (!error) return [];
  return [`${component}: ${printable([error.message, error.detail].filter(Boolean).join(': '))}`];
}

function referenceLines({ mirror, outcome, references, missing, examples, problem }: BackupSet['references'][number]) {
  if (outcome === 'passed') return [`references to ${mirror}: ${formatCount(references)}, all there`];
  const named = examples.map((key) => `  ${printable(key)}`);
  if (problem !== null) return [`references to ${mirror}: could not verify: ${printable(problem)}`, ...named];
  return [
    `references to ${mirror}: ${formatCount(missing)} of ${formatCount(references)} are not in the set (reference-missing)`,
    ...named,
  ];
}
