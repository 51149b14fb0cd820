import type { VerificationReport, VerifiedObject } from '../../components/dump/types';
import { formatBytes, formatCount, formatDuration, formatNumberOf } from '../../observe/format';
import { printable } from '../../observe/printable';
import type { Style } from '../../observe/style';
import type { Answer } from '../answer';
import { outcomeColour } from './outcome-colour';

/** `--json` of `verify`. */
export interface VerifyDocument extends VerificationReport {
  readonly format: 'postgres-backup/verify/1';
}

const HEAD_WORDS = { passed: 'verified:', failed: 'failed:', 'could not verify': 'could not verify:' } as const;

export function verifyAnswer(report: VerificationReport): Answer {
  const good = report.objects.filter((object) => object.outcome === 'passed');
  const sentence = [
    report.point,
    `${formatCount(good.length)} of ${formatNumberOf(report.objects.length, 'object')}, ${formatBytes(sizeBytesOf(good))}, ${
      report.depth === 'read'
        ? 'every byte read and as in the manifest'
        : 'as in the manifest by the store’s own checksums'
    }`,
    formatDuration(report.durationMs),
  ].join(' · ');
  const document: VerifyDocument = {
    format: 'postgres-backup/verify/1',
    ...report,
    durationMs: Math.round(report.durationMs),
  };
  const head = HEAD_WORDS[report.outcome];
  return {
    outcome: report.outcome,
    summary: `${head} ${sentence}`,
    lines: (style) => [
      ...report.objects.filter((object) => object.outcome !== 'passed').map((object) => findingLine(object, style)),
      `${outcomeColour(report.outcome, style)(head)} ${sentence}`,
    ],
    document,
  };
}

function sizeBytesOf(objects: readonly VerifiedObject[]): number {
  return objects.reduce((sum, object) => sum + object.sizeBytes, 0);
}

function findingLine(object: VerifiedObject, style: Style): string {
  const mark = object.outcome === 'failed' ? style.bad('✗') : style.unsure('?');
  return `  ${mark} ${printable(object.key)}: ${printable(object.finding)}`;
}
