import {
  manifestObjects,
  MANIFEST_NAME,
  pointPrefix,
  VERIFICATION_CHECKS,
  type Manifest,
  type PointAddress,
  type Verification,
  type VerificationFinding,
  type VerifiedTotals,
  type VerifyDepth,
} from '../../model';
import { readManifest } from '../catalog/manifest-reader';
import { readListed } from '../catalog/read-text';
import type { RecoveryPoint } from '../catalog/recovery-point';
import { sha256Of } from '../catalog/verification-record';
import { verifyPoint } from '../components/registry';
import { NO_CHECKSUM } from '../components/stored-object';
import type { RunContext } from '../context';
import { BackupError, toBackupError } from '../errors';
import type { ObjectStore } from '../store/store';
import { checkFloor, checkHistory, totalsOf } from './content';
import type { Expectations } from './expectations';
import { checkProtection } from './protection';

export interface ExaminationOptions extends Pick<RunContext, 'reporter' | 'signal' | 'now'> {
  readonly depth: VerifyDepth;
  readonly expectations: Expectations;
}

/** What the recovery points before it hold, the newest first. */
export type EarlierTotals = () => Promise<VerifiedTotals[]>;

/** Looks at one recovery point, and keeps what it has found however it ends. */
export class Examination {
  readonly findings: VerificationFinding[] = [];
  objects = 0;
  totals: VerifiedTotals | null = null;
  /** Of the manifest that was verified first: another that lies in its place later is none that was ever verified. */
  manifestSha256: string;
  /** When every byte was last read and was good: now, or by an earlier verification of this very manifest. */
  readAt: string | undefined;
  private readonly prefix: string;

  constructor(
    private readonly store: ObjectStore,
    private readonly address: PointAddress,
    private readonly previous: Verification | undefined,
    private readonly options: ExaminationOptions,
  ) {
    this.prefix = pointPrefix(address);
    this.manifestSha256 = previous?.manifestSha256 ?? '';
    this.readAt = previous?.readAt;
  }

  /** Ends when the signal fires, whatever it waits for then. Throws only when there is no recovery point at all. */
  async carryOut(earlier: EarlierTotals): Promise<void> {
    try {
      await unlessAborted(this.options.signal, () => this.examine(earlier));
    } catch (thrown) {
      const error = toBackupError(thrown);
      if (error.code === 'point-missing') throw error;
      this.interrupted(error);
    }
  }

  private async examine(earlier: EarlierTotals): Promise<void> {
    const point = await this.readPoint();
    if (!point) return;
    await this.checkTime();
    this.totals = totalsOf(point.manifest);
    this.add(checkFloor(point.manifest, this.options.expectations));
    await this.checkObjects(point);
    await this.checkProtections(point.manifest);
    this.add(checkHistory(this.address.component, this.totals, await earlier()));
  }

  private async readPoint(): Promise<RecoveryPoint | undefined> {
    const text = await readListed(this.store, `${this.prefix}${MANIFEST_NAME}`);
    if (text === undefined) {
      if (!this.previous)
        throw new BackupError('point-missing', `there is no manifest in ${this.store.uri}/${this.prefix}`);
      this.manifestFailed('it is gone, and was there when it was verified');
      return undefined;
    }
    const sha256 = sha256Of(text);
    if (this.previous && this.manifestSha256 !== '' && this.manifestSha256 !== sha256) {
      this.manifestFailed(
        `it is not the one that was verified on ${this.previous.verifiedAt}: a manifest never changes`,
      );
      return undefined;
    }
    this.manifestSha256 = sha256;
    try {
      return { address: this.address, prefix: this.prefix, manifest: readManifest(text, this.prefix) };
    } catch (error) {
      if (!(error instanceof BackupError) || error.code !== 'manifest-invalid') throw error;
      this.manifestFailed(error.detail ?? error.message);
      return undefined;
    }
  }

  /** A point that is named after the future would be the latest for as long as that takes. */
  private async checkTime(): Promise<void> {
    const stored = await this.store.head(`${this.prefix}${MANIFEST_NAME}`);
    if (!stored || this.address.time.getTime() <= stored.lastModified.getTime() + CLOCK_SKEW_MS) return;
    this.manifestFailed(
      `it is of ${this.address.time.toISOString()}, but the store received it on ${stored.lastModified.toISOString()}`,
    );
  }

  private async checkObjects(point: RecoveryPoint): Promise<void> {
    const report = await verifyPoint(point, this.options.depth, { store: this.store, ...this.options });
    this.objects = report.objects.length;
    for (const { key, outcome, finding } of report.objects) {
      if (outcome !== 'passed' && !this.isRead(finding)) this.add([{ subject: key, outcome, finding }]);
    }
    if (this.options.depth === 'read' && report.objects.every(({ outcome }) => outcome === 'passed')) {
      this.readAt = this.options.now().toISOString();
    }
  }

  /**
   * A store without checksums can say no more than that the version is there, in its size. Of one that was read whole that is
   * enough until it is read again: a version never changes, and the manifest that names it is the same.
   */
  private isRead(finding: string): boolean {
    return finding === NO_CHECKSUM && this.readAt !== undefined;
  }

  private async checkProtections(manifest: Manifest): Promise<void> {
    const manifestItself = { key: `${this.prefix}${MANIFEST_NAME}`, versionId: null };
    for (const object of [manifestItself, ...manifestObjects(manifest)]) {
      this.add(await checkProtection(this.store, object, this.options.expectations));
    }
  }

  private add(findings: readonly VerificationFinding[]): void {
    this.findings.push(...findings);
  }

  private manifestFailed(finding: string): void {
    this.add([{ subject: VERIFICATION_CHECKS.manifest, outcome: 'failed', finding }]);
  }

  private interrupted({ message, detail }: BackupError): void {
    const finding = [message, detail].filter(Boolean).join(': ');
    this.add([{ subject: VERIFICATION_CHECKS.interrupted, outcome: 'could not verify', finding }]);
  }
}

/** Clocks of a task and of the store differ by seconds; by an hour, none that the store still accepts. */
const CLOCK_SKEW_MS = 3_600_000;

function unlessAborted<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason as Error);
    if (signal.aborted) return stop();
    signal.addEventListener('abort', stop, { once: true });
    work()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', stop));
  });
}
