import {
  FAILURE_NAME,
  MANIFEST_NAME,
  STARTED_NAME,
  pointId,
  pointPrefix,
  serialiseManifest,
  type Manifest,
  type PointAddress,
} from '../../model';
import type { ObjectStore } from '../store/store';
import { BackupError } from '../errors';

/**
 * Writes one recovery point: who begins owns its prefix, the manifest comes last and makes it one, a failure leaves a
 * record instead. Every write is conditional, so nothing is ever written over.
 */
export class PointWriter {
  readonly prefix: string;

  private constructor(
    private readonly store: ObjectStore,
    readonly address: PointAddress,
  ) {
    this.prefix = pointPrefix(address);
  }

  /**
   * Claims the prefix. Of two runs for the same scheduled time one gets it; the other gets `taken` and must end without
   * a trace.
   */
  static async claim(store: ObjectStore, address: PointAddress, startedAt: Date): Promise<PointWriter | 'taken'> {
    const writer = new PointWriter(store, address);
    const record = { point: pointId(address), startedAt: startedAt.toISOString() };
    try {
      await writer.writeRecord(STARTED_NAME, record);
      return writer;
    } catch (error) {
      if (error instanceof BackupError && error.code === 'store-conflict') return 'taken';
      throw error;
    }
  }

  /** For people: where the point lies. */
  get uri(): string {
    return `${this.store.uri}/${this.prefix}`;
  }

  /** Makes it a recovery point. Only called when every object the manifest names is complete. */
  async finish(manifest: Manifest): Promise<void> {
    const body = Buffer.from(serialiseManifest(manifest));
    await this.store.put(`${this.prefix}${MANIFEST_NAME}`, body, { ifAbsent: true, contentType: 'application/json' });
  }

  /** Leaves word of the failure beside whatever was stored, for the status and the alarm. */
  async fail(error: BackupError, failedAt: Date): Promise<void> {
    await this.writeRecord(FAILURE_NAME, {
      point: pointId(this.address),
      failedAt: failedAt.toISOString(),
      code: error.code,
      message: error.message,
      detail: error.detail ?? null,
      hint: error.hint ?? null,
    });
  }

  private async writeRecord(name: string, record: object): Promise<void> {
    const body = Buffer.from(`${JSON.stringify(record, null, 1)}\n`);
    await this.store.put(`${this.prefix}${name}`, body, { ifAbsent: true, contentType: 'application/json' });
  }
}
