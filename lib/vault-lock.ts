import { Duration, Token } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';

/**
 * How long a stored object can neither be deleted nor overwritten, and by whom: S3 Object Lock as the vault's default.
 *
 * The lock covers object versions. It does not stop new versions or delete markers from being put on top: a restore reads
 * by version id, so it is not misled by them.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html
 */
export class VaultLock {
  /**
   * No object is deleted before its time, except by a principal with `s3:BypassGovernanceRetention`.
   *
   * @param retention how long each object is locked after it was written; whole days, at least one
   */
  public static governance(retention: Duration): VaultLock {
    return new VaultLock(s3.ObjectLockMode.GOVERNANCE, wholeDays(retention));
  }

  /**
   * No object is deleted before its time by anybody: not by an administrator, not by the account's root user, not by AWS
   * support. What is locked is paid for until the end. Try `governance` first.
   *
   * @param retention how long each object is locked after it was written; whole days, at least one
   */
  public static compliance(retention: Duration): VaultLock {
    return new VaultLock(s3.ObjectLockMode.COMPLIANCE, wholeDays(retention));
  }

  /** No lock. Versioning and the absence of delete permissions are what protects the objects then. */
  public static none(): VaultLock {
    return new VaultLock();
  }

  private constructor(
    /**
     * `GOVERNANCE` or `COMPLIANCE`.
     *
     * @default - not locked
     */
    public readonly mode?: s3.ObjectLockMode,
    /**
     * How long each object is locked after it was written.
     *
     * @default - not locked
     */
    public readonly retention?: Duration,
  ) {}

  /** @internal */
  public _objectLockRetention(): s3.ObjectLockRetention | undefined {
    if (!this.mode || !this.retention) return undefined;
    return this.mode === s3.ObjectLockMode.COMPLIANCE
      ? s3.ObjectLockRetention.compliance(this.retention)
      : s3.ObjectLockRetention.governance(this.retention);
  }
}

function wholeDays(retention: Duration): Duration {
  const days = Token.isUnresolved(retention) ? 1 : retention.toDays({ integral: false });
  // S3 keeps the lock in days or years, at most 100 years.
  if (!Number.isInteger(days) || days < 1 || days > 36_500) {
    throw new Error(
      `vault lock of ${retention.toHumanString()} is not possible: use whole days, from Duration.days(1) to Duration.days(36500)`,
    );
  }
  return retention;
}
