import { Duration } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';

/** When stored objects move to cheaper storage. */
export interface StorageTiersProps {
  /**
   * Age at which an object moves to Standard-IA: a little over half the price to keep, paid for 30 days at least, plus a
   * price for reading. At least 30 days.
   *
   * Longer than most recovery points live: what is about to expire is not worth moving. With the 30 days of daily ones in
   * `BackupPlan.production()`, only weekly and monthly ones are left at 35.
   *
   * @default Duration.days(35)
   */
  readonly infrequentAccessAfter?: Duration;

  /**
   * Age at which an object moves on to Glacier Instant Retrieval: a sixth of the price to keep, paid for 90 days at
   * least, still readable at once. At least 30 days after `infrequentAccessAfter`.
   *
   * Not the deeper archives: they hand an object out after hours, which no recovery time objective has to spare.
   *
   * @default - 90 days, or 30 days after `infrequentAccessAfter` where that is later
   */
  readonly archiveAfter?: Duration;
}

/**
 * Moves stored objects to cheaper storage by their age. Every tier can be read at once: a restore never waits for an
 * archive. Objects below 128 KiB stay where they are, as S3 itself has it: moving them costs more than it saves.
 */
export class StorageTiers {
  /**
   * Standard, then Standard-IA, then Glacier Instant Retrieval.
   *
   * Throws when an age is one at which moving costs more than it saves.
   */
  public static byAge(props: StorageTiersProps = {}): StorageTiers {
    const infrequentAccessAfter = props.infrequentAccessAfter ?? Duration.days(35);
    requireDays('infrequentAccessAfter', infrequentAccessAfter, MINIMUM_DAYS_IN_A_TIER, 'S3 moves nothing sooner');
    const earliest = infrequentAccessAfter.toDays() + MINIMUM_DAYS_IN_A_TIER;
    const archiveAfter = props.archiveAfter ?? Duration.days(Math.max(90, earliest));
    requireDays(
      'archiveAfter',
      archiveAfter,
      earliest,
      `Standard-IA is paid for ${MINIMUM_DAYS_IN_A_TIER} days, and objects reach it after ${infrequentAccessAfter.toDays()}`,
    );
    return new StorageTiers(infrequentAccessAfter, archiveAfter);
  }

  /** Everything stays in Standard. */
  public static none(): StorageTiers {
    return new StorageTiers();
  }

  private constructor(
    /**
     * Age at which an object moves to Standard-IA.
     *
     * @default - never
     */
    public readonly infrequentAccessAfter?: Duration,
    /**
     * Age at which an object moves to Glacier Instant Retrieval.
     *
     * @default - never
     */
    public readonly archiveAfter?: Duration,
  ) {}

  /** @internal */
  public _transitions(): s3.Transition[] {
    const transitions: s3.Transition[] = [];
    if (this.infrequentAccessAfter) {
      transitions.push({
        storageClass: s3.StorageClass.INFREQUENT_ACCESS,
        transitionAfter: this.infrequentAccessAfter,
      });
    }
    if (this.archiveAfter) {
      transitions.push({
        storageClass: s3.StorageClass.GLACIER_INSTANT_RETRIEVAL,
        transitionAfter: this.archiveAfter,
      });
    }
    return transitions;
  }
}

/** What Standard-IA bills at least, and what S3 demands before the first transition and between the two. */
const MINIMUM_DAYS_IN_A_TIER = 30;

function requireDays(prop: string, value: Duration, minimumDays: number, because: string): void {
  const days = value.toDays({ integral: false });
  if (!Number.isInteger(days) || days < minimumDays) {
    throw new Error(
      `${prop} is ${value.toHumanString()}, but must be whole days and at least ${minimumDays}: ${because}. ` +
        'Use StorageTiers.none() to move nothing',
    );
  }
}
