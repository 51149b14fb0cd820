import {
  FAILURE_NAME,
  MANIFEST_NAME,
  MOST_ATTEMPTS,
  STARTED_NAME,
  attemptFolder,
  attemptName,
  pointId,
  pointPrefix,
  serialiseManifest,
  snapshotName,
  type Manifest,
  type PointAddress,
} from '../../model';
import type { ObjectStore } from '../store/store';
import { BackupError } from '../errors';
import { findRecord, stateOfAttempt } from './attempts';

/** That a run is repeated where the one before it did not succeed. */
export interface Repeat {
  /** How long a run like this one may take. One that left no word for longer was killed. @default 12 h */
  readonly deadlineSeconds?: number;
}

/**
 * Writes one recovery point: who begins owns a folder, the manifest comes last and makes it one, a failure leaves a record
 * instead. Every write is conditional, so nothing is ever written over.
 *
 * A run that failed or was killed can be repeated for the same scheduled time. Each attempt has records and a folder of its own,
 * and all have one place for the manifest: so one of them makes the recovery point, whatever the others do.
 */
export class PointWriter {
  /** Of what this attempt stores, with a slash at its end. */
  readonly prefix: string;

  private constructor(
    private readonly store: ObjectStore,
    readonly address: PointAddress,
    /** From 1. */
    readonly attempt: number,
  ) {
    this.prefix = `${pointPrefix(address)}${attemptFolder(attempt)}`;
  }

  /**
   * Claims the point. Of two runs for the same scheduled time one gets it; the other gets `taken` and must end without a
   * trace. With `repeat` it gets an attempt of its own where those before it failed or were killed; `store-conflict` when too
   * many did.
   */
  static async claim(
    store: ObjectStore,
    address: PointAddress,
    startedAt: Date,
    repeat?: Repeat,
  ): Promise<PointWriter | 'taken'> {
    for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt += 1) {
      const writer = new PointWriter(store, address, attempt);
      if (await writer.begin(startedAt)) return writer;
      if (!repeat) return 'taken';
      const state = await stateOfAttempt(store, address, attempt, startedAt, repeat.deadlineSeconds);
      if (state === 'made' || state === 'at work') return 'taken';
    }
    throw new BackupError('store-conflict', `${MOST_ATTEMPTS} runs for ${pointId(address)} failed or were killed`, {
      hint: 'See why with `postgres-backup status`, mend it, and run without --scheduled-at.',
    });
  }

  /** For people: where the point lies. */
  get uri(): string {
    return `${this.store.uri}/${pointPrefix(this.address)}`;
  }

  /**
   * Makes it a recovery point. Only called when every object the manifest names is complete. `store-conflict` when there is
   * one: see {@link isTakenOver}.
   */
  async finish(manifest: Manifest): Promise<void> {
    const body = Buffer.from(serialiseManifest(manifest));
    const key = `${pointPrefix(this.address)}${MANIFEST_NAME}`;
    await this.store.put(key, body, { ifAbsent: true, contentType: 'application/json' });
  }

  /** Leaves word that the last database of a dump is seen in a snapshot: what belongs to it may be listed from now on. */
  async noteSnapshot(takenAt: Date): Promise<void> {
    const record = { point: pointId(this.address), takenAt: takenAt.toISOString(), attempt: this.attempt };
    const body = Buffer.from(`${JSON.stringify(record, null, 1)}\n`);
    const key = `${pointPrefix(this.address)}${snapshotName(takenAt)}`;
    await this.store.put(key, body, { ifAbsent: true, contentType: 'application/json' });
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

  /**
   * Whether another attempt made the point: this one was taken for dead, or took another for dead. Where nobody repeated a
   * first attempt there is no other, and what lies in the manifest's place was not made by a run.
   */
  async isTakenOver(): Promise<boolean> {
    const folder = pointPrefix(this.address);
    const another = this.attempt > 1 || (await findRecord(this.store, `${folder}${attemptName(STARTED_NAME, 2)}`));
    return Boolean(another && (await findRecord(this.store, `${folder}${MANIFEST_NAME}`)));
  }

  private async begin(startedAt: Date): Promise<boolean> {
    const record = { point: pointId(this.address), startedAt: startedAt.toISOString(), attempt: this.attempt };
    try {
      await this.writeRecord(STARTED_NAME, record);
      return true;
    } catch (error) {
      if (error instanceof BackupError && error.code === 'store-conflict') return false;
      throw error;
    }
  }

  private async writeRecord(name: string, record: object): Promise<void> {
    const key = `${pointPrefix(this.address)}${attemptName(name, this.attempt)}`;
    const body = Buffer.from(`${JSON.stringify(record, null, 1)}\n`);
    await this.store.put(key, body, { ifAbsent: true, contentType: 'application/json' });
  }
}
