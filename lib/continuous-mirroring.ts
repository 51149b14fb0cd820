import { Duration, Token } from 'aws-cdk-lib';

/**
 * How objects are mirrored between the runs.
 */
export interface ContinuousMirroringProps {
  /**
   * Objects that one call of the function copies, 1 to 10,000.
   *
   * @default 100
   */
  readonly batchSize?: number;

  /**
   * How long a batch waits to be filled, 1 second to 5 minutes. An object is in the mirror so much later at most, plus the copy.
   *
   * @default Duration.seconds(20)
   */
  readonly maxBatchingWindow?: Duration;

  /**
   * Calls of the function at once, 2 to 1,000.
   *
   * @default 10
   */
  readonly maxConcurrency?: number;

  /**
   * Age of the oldest event that nobody dealt with, above which an alarm goes off.
   *
   * @default Duration.hours(1)
   */
  readonly alarmAfter?: Duration;
}

/**
 * Mirroring of objects as soon as they are written, by the events of their bucket. The recovery points are still made by the runs,
 * which then find nothing left to copy.
 */
export class ContinuousMirroring {
  /**
   * By what S3 tells Amazon EventBridge of the bucket.
   *
   * @param props how it is done
   */
  public static fromEvents(props: ContinuousMirroringProps = {}): ContinuousMirroring {
    const { maxBatchingWindow = Duration.seconds(20), alarmAfter = Duration.hours(1) } = props;
    const seconds = maxBatchingWindow.toSeconds();
    if (seconds < 1 || seconds > 300) {
      throw new Error(`maxBatchingWindow is ${maxBatchingWindow.toHumanString()}, but must be 1 second to 5 minutes`);
    }
    if (alarmAfter.toSeconds() <= ContinuousMirroring.REPEATED_AFTER.toSeconds()) {
      throw new Error(
        `alarmAfter is ${alarmAfter.toHumanString()}, but what failed once comes again after ` +
          `${ContinuousMirroring.REPEATED_AFTER.toHumanString()}: it must be longer`,
      );
    }
    return new ContinuousMirroring(
      wholeNumber('batchSize', props.batchSize ?? 100, 1, 10_000),
      maxBatchingWindow,
      wholeNumber('maxConcurrency', props.maxConcurrency ?? 10, 2, 1000),
      alarmAfter,
    );
  }

  /** After which an event comes again that could not be dealt with: six times what the function may take, as AWS advises. */
  public static readonly REPEATED_AFTER = Duration.minutes(30);

  private constructor(
    /** Objects that one call of the function copies. */
    public readonly batchSize: number,
    /** How long a batch waits to be filled. */
    public readonly maxBatchingWindow: Duration,
    /** Calls of the function at once. */
    public readonly maxConcurrency: number,
    /** Age of the oldest event above which an alarm goes off. */
    public readonly alarmAfter: Duration,
  ) {}
}

function wholeNumber(prop: string, value: number, least: number, most: number): number {
  if (Token.isUnresolved(value) || (Number.isInteger(value) && value >= least && value <= most)) return value;
  throw new Error(`${prop} is ${value}, but must be a whole number from ${least} to ${most}`);
}
