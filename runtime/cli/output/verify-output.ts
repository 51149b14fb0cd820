import type { Outcome } from '../../../model';
import type { VerificationReport, VerifiedObject } from '../../components/component';
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

export function verifyAnswer(made: VerificationReport): Answer {
  const report = { ...made, outcome: outcomeByObjects(made) };
  const good = report.objects.filter((object) => object.outcome === 'passed');
  const sentence = [
    report.point,
    `${formatCount(good.length)} of ${formatNumberOf(report.objects.length, 'object')}, ${formatBytes(sizeBytesOf(good))}, ${howVerified(
      report,
    )}`,
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

function howVerified({ depth, sample }: VerificationReport): string {
  if (sample) return `a sample read, drawn with --seed ${sample.seed}; the rest by the store’s own word`;
  return depth === 'read'
    ? 'every byte read and as in the manifest'
    : 'as in the manifest by the store’s own checksums';
}

/** A report that calls itself good counts as good only as far as its own objects say so; one that looked at none, not at all. */
function outcomeByObjects({ outcome, objects }: VerificationReport): Outcome {
  if (outcome !== 'passed') return outcome;
  if (objects.some((object) => object.outcome === 'failed')) return 'failed';
  return objects.length > 0 && objects.every((object) => object.outcome === 'passed') ? 'passed' : 'could not verify';
}

function sizeBytesOf(objects: readonly VerifiedObject[]): number {
  return objects.reduce((sum, object) => sum + object.sizeBytes, 0);
}

function findingLine(object: VerifiedObject, style: Style): string {
  const mark = object.outcome === 'failed' ? style.bad('✗') : style.unsure('?');
  return `  ${mark} ${printable(object.key)}: ${printable(object.finding)}`;
}
