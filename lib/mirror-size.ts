/**
 * Whether what is said of a mirror's size fits into the time that a run has. By the rates in docs/objects.md: an estimate, which
 * says when to think about it.
 */
import { Duration, Size, SizeRoundingBehavior, Token } from 'aws-cdk-lib';

/** What is known of a mirror at synthesis. */
export interface MirrorSize {
  readonly objects?: number;
  readonly size?: Size;
  /** Objects on their way at once. */
  readonly concurrency: number;
  /** Every byte passes through the task. */
  readonly isThroughTask: boolean;
  /** In a second; what passes through the task alone. */
  readonly bandwidthLimit?: Size;
  /** Of the shortest run. */
  readonly window: Duration;
}

/** A page of 1,000 takes S3 about a tenth of a second, and each page needs the one before. */
const OBJECTS_LISTED_A_SECOND = 10_000;
/** Measured with 64 at once and 30 ms to the store. */
const OBJECTS_COPIED_A_SECOND_EACH = 1_500 / 64;
/** What one vCPU reads, digests and writes. */
const BYTES_THROUGH_A_SECOND = 150e6;
/** Above it, listing takes a good part of an hour. */
const MANY_OBJECTS = 20_000_000;

/** A sentence for each thing that takes too long, by the end of a warning's id. */
export function sizeProblems(size: MirrorSize): Record<string, string> {
  return { ...listingProblem(size), ...copyingProblem(size), ...movingProblem(size) };
}

function listingProblem({ objects, window }: MirrorSize): Record<string, string> {
  if (!isKnown(objects)) return {};
  const seconds = objects / OBJECTS_LISTED_A_SECOND;
  const said = `has about ${counted(objects)} objects: every run lists all of them, which alone takes about ${hours(seconds)} hours`;
  if (seconds > window.toSeconds()) {
    return {
      manyObjects: `${said}, and a run has ${hours(window.toSeconds())}. No recovery point will be made of it. Plan it less often, or divide it by folder; beyond that, S3's own engines copy and list it: an ObjectReplica with listed: true, and ObjectSource.replica: docs/objects.md#engines`,
    };
  }
  if (objects <= MANY_OBJECTS) return {};
  return { manyObjects: `${said}. Plan it less often than that, or divide it into several sources by folder.` };
}

function copyingProblem({ objects, concurrency, window }: MirrorSize): Record<string, string> {
  if (!isKnown(objects)) return {};
  const seconds = objects / (concurrency * OBJECTS_COPIED_A_SECOND_EACH);
  if (seconds <= window.toSeconds()) return {};
  return {
    firstCopy:
      `has about ${counted(objects)} objects: copying them for the first time takes about ${hours(seconds)} hours, and a run has ${hours(window.toSeconds())}. ` +
      `Runs fail until all is there, each going on where the one before ended. Raise concurrency (${concurrency}, at most 512), or plan the first run by hand`,
  };
}

function movingProblem({ size, isThroughTask, bandwidthLimit, window }: MirrorSize): Record<string, string> {
  if (!size || size.isUnresolved() || !isThroughTask) return {};
  const rate = Math.min(BYTES_THROUGH_A_SECOND, bandwidthLimit?.toBytes() ?? Infinity);
  const seconds = size.toBytes() / rate;
  if (seconds <= window.toSeconds()) return {};
  return {
    firstBytes:
      `has about ${counted(size.toGibibytes({ rounding: SizeRoundingBehavior.FLOOR }))} GiB, all of which pass through the task: the first time that takes about ${hours(seconds)} hours, ` +
      `and a run has ${hours(window.toSeconds())}. Runs fail until all is there, each going on where the one before ended`,
  };
}

function isKnown(objects: number | undefined): objects is number {
  return objects !== undefined && !Token.isUnresolved(objects);
}

function counted(value: number): string {
  return value.toLocaleString('en-US');
}

function hours(seconds: number): number {
  return Math.ceil((seconds / 3600) * 10) / 10;
}
