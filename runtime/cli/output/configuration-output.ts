import type { ConfigurationManifest } from '../../../model';
import type {
  ComparedEntry,
  ConfigurationResult,
  EntryState,
  RestoreConfigurationReport,
} from '../../components/configuration/types';
import { formatBytes, formatDuration, formatNumberOf } from '../../observe/format';
import { printable } from '../../observe/printable';
import type { Style } from '../../observe/style';
import type { Answer } from '../answer';
import { backupAnswer } from './backup-output';
import { outcomeColour } from './outcome-colour';

/** What `--json` of `backup configuration` has besides what all components share. It holds names, and no value. */
export interface ConfigurationDetails {
  readonly totals: ConfigurationManifest['totals'];
  readonly entries: readonly string[];
  readonly warnings: readonly string[];
}

/** `--json` of `restore configuration`. */
export interface RestoredConfigurationDocument extends RestoreConfigurationReport {
  readonly format: 'postgres-backup/restore-configuration/1';
}

export function configurationAnswer(source: string, result: ConfigurationResult): Answer {
  return backupAnswer(
    { source, component: 'configuration' },
    result,
    ({ manifest: { totals, entries, warnings } }) => ({
      facts: [formatNumberOf(totals.items, 'entry'), `${formatBytes(totals.storedBytes)} stored`],
      details: { totals, entries: entries.map(({ name }) => name), warnings } satisfies ConfigurationDetails,
    }),
  );
}

export function restoredConfigurationAnswer(report: RestoreConfigurationReport): Answer {
  const { outcome, action, entries, point, durationMs } = report;
  const done = action === 'apply' ? 'restored:' : 'compared:';
  const head = { passed: done, failed: 'failed:', 'could not verify': 'could not verify:' }[outcome];
  const sentence = [point, countsOf(report), formatDuration(durationMs)].join(' · ');
  const document: RestoredConfigurationDocument = {
    format: 'postgres-backup/restore-configuration/1',
    ...report,
    durationMs: Math.round(durationMs),
  };
  return {
    outcome,
    summary: `${head} ${sentence}`,
    lines: (style) => [
      ...entries.flatMap((entry) => entryLines(entry, style)),
      `${outcomeColour(outcome, style)(head)} ${sentence}`,
    ],
    document,
  };
}

function countsOf({ action, entries }: RestoreConfigurationReport): string {
  if (action === 'apply') {
    const written = entries.filter(({ isApplied }) => isApplied).length;
    return `${formatNumberOf(written, 'entry')} written and read again`;
  }
  const states = [...new Set(entries.map(({ state }) => state))];
  return states.map((state) => `${entries.filter((entry) => entry.state === state).length} ${state}`).join(', ');
}

const MARKS: Readonly<Record<EntryState, string>> = {
  new: '+',
  changed: '~',
  same: '=',
  'only in target': '-',
  'not comparable': ' ',
  'could not be read': '?',
};

function entryLines({ name, state, isApplied, detail, inBackup, inTarget }: ComparedEntry, style: Style): string[] {
  const colour = state === 'could not be read' ? style.unsure : state === 'same' ? style.faint : style.strong;
  const words = isApplied ? `${state}, written` : WORDS[state];
  return [
    `  ${colour(MARKS[state])} ${printable(name)}  ${words}${detail === undefined ? '' : `: ${printable(detail)}`}`,
    ...(inBackup === undefined ? [] : [`      in the backup: ${printable(inBackup)}`]),
    ...(inTarget === undefined ? [] : [`      now:           ${printable(inTarget)}`]),
  ];
}

const WORDS: Readonly<Record<EntryState, string>> = {
  new: 'in the backup, not there now',
  changed: 'changed',
  same: 'as in the backup',
  'only in target': 'there now, not in the backup',
  'not comparable': 'a text; --show shows it',
  'could not be read': 'could not be read',
};
