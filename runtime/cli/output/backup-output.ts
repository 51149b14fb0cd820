/** What every `backup …` says, of whichever component: of a recovery point that was made, or of one that another run makes. */
import type { Manifest } from '../../../model';
import type { MadePoint } from '../../catalog/make-point';
import { formatDuration } from '../../observe/format';
import { printable } from '../../observe/printable';
import type { Style } from '../../observe/style';
import type { Answer } from '../answer';
import { outcomeColour } from './outcome-colour';

/** The part of `--json` of `backup …` that all components share. */
export interface BackupDocument {
  readonly format: 'postgres-backup/backup/1';
  /**
   * `passed`: stored and confirmed by the store. `could not verify`: made, but not of everything. `skipped`: another run makes the
   * recovery point of this time.
   */
  readonly outcome: 'passed' | 'could not verify' | 'skipped';
  readonly source: string;
  readonly component: string;
  /** Why it was skipped. */
  readonly reason?: string;
  /** The recovery point's id. */
  readonly point?: string;
  readonly class?: string;
  readonly uri?: string;
  readonly durationMs?: number;
}

/** What a component says of the recovery point that it made. */
export interface PointReport<Details> {
  /** `could not verify` where a part of what was asked for is missing. */
  readonly outcome?: 'passed' | 'could not verify';
  readonly word?: string;
  /** Short ones, for the one line to remember. */
  readonly facts: readonly string[];
  /** Lines before that line. */
  readonly above?: (style: Style) => readonly string[];
  /** Lines after it. */
  readonly below?: readonly string[];
  /** What `--json` has of this component alone. */
  readonly details: Details;
}

/** @param report called for a recovery point that was made */
export function backupAnswer<R extends MadePoint<Manifest>, Details>(
  run: Pick<BackupDocument, 'source' | 'component'>,
  result: R,
  report: (made: Extract<R, { outcome: 'made' }>) => PointReport<Details>,
): Answer {
  const head = { format: 'postgres-backup/backup/1', ...run } as const;
  if (result.outcome === 'skipped') {
    const summary = `skipped: ${printable(result.reason)}`;
    const document: BackupDocument = { ...head, outcome: 'skipped', reason: result.reason };
    return { outcome: 'skipped', summary, lines: (style) => [style.unsure(summary)], document };
  }
  const { manifest, uri, durationMs } = result;
  const {
    outcome = 'passed',
    word = 'backed up:',
    facts,
    above,
    below = [],
    details,
  } = report(result as Extract<R, { outcome: 'made' }>);
  const sentence = `${manifest.point} · ${[...facts, formatDuration(durationMs)].join(' · ')}`;
  const document: BackupDocument & Details = {
    ...head,
    outcome,
    point: manifest.point,
    class: manifest.class,
    uri,
    durationMs: Math.round(durationMs),
    ...details,
  };
  return {
    outcome,
    summary: `${word} ${sentence}`,
    lines: (style) => [
      ...(above?.(style) ?? []),
      `${outcomeColour(outcome, style)(word)} ${sentence}`,
      ...below,
      `  ${style.faint(printable(uri))}`,
    ],
    document,
  };
}
