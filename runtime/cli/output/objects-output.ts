import type { LackedPart, MirrorRecord, ObjectsManifest } from '../../../model';
import type { MirrorsResult, ObjectsRestoreReport } from '../../components/objects/types';
import { formatBytes, formatCount, formatNumberOf } from '../../observe/format';
import { printable } from '../../observe/printable';
import type { Style } from '../../observe/style';
import type { RequestCounts } from '../../store/bucket';
import type { Answer } from '../answer';
import { backupAnswer } from './backup-output';
import { restoredAnswer } from './restored-answer';

/** What `--json` of `backup objects` has besides what all components share. */
export interface MirrorsDetails {
  readonly totals: ObjectsManifest['totals'];
  readonly mirrors: readonly Omit<MirrorRecord, 'inventory'>[];
  /** What the run was not given. */
  readonly lacks: readonly LackedPart[];
  readonly requests: RequestCounts;
  /** By the list prices of us-east-1. */
  readonly estimatedRequestDollars: number;
}

/** Objects that are named; `--json` has more of them. */
const MOST_NAMED = 20;

export function mirrorsAnswer(source: string, result: MirrorsResult): Answer {
  return backupAnswer({ source, component: 'objects' }, result, ({ manifest, requests }) => {
    const { totals, mirrors } = manifest;
    const missing = mirrors.reduce((sum, mirror) => sum + mirror.missing.count, 0);
    const copied = mirrors.reduce((sum, { changes }) => sum + changes.copied, 0);
    return {
      outcome: missing > 0 ? 'could not verify' : 'passed',
      word: missing > 0 ? 'backed up, not everything:' : 'backed up:',
      facts: [
        formatNumberOf(totals.items, 'object'),
        `${formatCount(copied)} copied`,
        ...(missing > 0 ? [`${formatNumberOf(missing, 'object')} missing`] : []),
      ],
      above: (style) => mirrors.flatMap((mirror) => mirrorLines(mirror, style)),
      below: [`  ${requestLine(requests)}`],
      details: {
        totals,
        mirrors: mirrors.map(({ inventory: _, ...mirror }) => mirror),
        lacks: manifest.lacks ?? [],
        requests,
        estimatedRequestDollars: requestDollars(requests),
      } satisfies MirrorsDetails,
    };
  });
}

/** `restore objects`. */
export function objectsRestoreAnswer(report: ObjectsRestoreReport): Answer {
  const { outcome, restored, restoredBytes, same, different, damaged, missing, uncompared, findings } = report;
  return restoredAnswer('postgres-backup/objects/1', report, {
    facts: [
      `${formatNumberOf(restored, 'object')} (${formatBytes(restoredBytes)}) put back`,
      ...(same > 0 ? [`${formatCount(same)} there already`] : []),
      ...(different > 0 ? [`${formatCount(different)} not written over`] : []),
      ...(damaged > 0 ? [`${formatCount(damaged)} damaged`] : []),
      ...(missing > 0 ? [`${formatCount(missing)} never mirrored`] : []),
      ...(uncompared > 0 ? [`${formatCount(uncompared)} without a digest to compare with`] : []),
    ],
    word: outcome === 'could not verify' ? 'restored, not proven:' : undefined,
    above: (style) => namedLines(findings, different + damaged, ({ key, finding }) => `${key}: ${finding}`, style),
  });
}

function mirrorLines({ name, objects, sizeBytes, changes, missing }: MirrorRecord, style: Style): string[] {
  const facts = [
    `${formatNumberOf(objects, 'object')}, ${formatBytes(sizeBytes)}`,
    `${formatCount(changes.copied)} copied`,
    ...(changes.early !== undefined ? [`${formatCount(changes.early)} before this run`] : []),
    ...(changes.late ? [`${formatCount(changes.late)} late`] : []),
    `${formatCount(changes.gone)} gone`,
  ].join(' · ');
  const named = namedLines(missing.examples, missing.count, ({ key, reason }) => `${key}: ${reason}`, style);
  return [`  ${printable(name)}  ${facts}`, ...named];
}

function namedLines<T>(items: readonly T[], count: number, text: (item: T) => string, style: Style): string[] {
  const lines = items.slice(0, MOST_NAMED).map((item) => `  ${style.bad('✗')} ${printable(text(item))}`);
  const left = count - lines.length;
  return left > 0 ? [...lines, `  and ${formatNumberOf(left, 'more object')}`] : lines;
}

/** https://aws.amazon.com/s3/pricing/, S3 Standard in us-east-1, for a thousand requests. */
const DOLLARS_PER_THOUSAND = { writing: 0.005, reading: 0.0004 };

function requestDollars({ writing, reading }: RequestCounts): number {
  const dollars = (writing * DOLLARS_PER_THOUSAND.writing + reading * DOLLARS_PER_THOUSAND.reading) / 1000;
  return Math.round(dollars * 10_000) / 10_000;
}

function requestLine(requests: RequestCounts): string {
  const sum = formatNumberOf(requests.writing + requests.reading, 'request');
  return `${sum} to S3, about $${requestDollars(requests).toFixed(2)} at list prices`;
}
