import type { Component, ManifestOf, PointAddress } from '../../model';
import type { RecoveryPoint } from '../catalog/recovery-point';
import { BackupError } from '../errors';
import type { Reporter } from '../observe/reporter';
import type { ObjectStore } from '../store/store';
import type { Catalog } from './dependencies';

export interface PointsOptions<C extends Component = Component> {
  readonly component: C;
  readonly catalog: Catalog;
  readonly store: ObjectStore;
  readonly source: string;
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
}

/** One source's recovery points, as commands ask for them: reading stops when the run does, and nothing at all is an error. */
export class Points<C extends Component = Component> {
  constructor(private readonly options: PointsOptions<C>) {}

  get component(): C {
    return this.options.component;
  }

  /** Newest first, at least one. */
  async list(): Promise<readonly PointAddress[]> {
    const { catalog, store, source } = this.options;
    const addresses = await this.unlessStopped(catalog.listPoints(store, source, this.component));
    if (addresses.length > 0) return addresses;
    throw new BackupError('point-missing', `there is no recovery point of "${source}" in ${store.uri}`, {
      hint: `Check --vault and --source, or make one: postgres-backup backup ${this.component}.`,
    });
  }

  /** An id, or `latest`: the newest good one. */
  find(wanted: string): Promise<RecoveryPoint<ManifestOf<C>>> {
    const { catalog, store, source, reporter } = this.options;
    const passedOver = (point: string, reason: string) => reporter.warn(`${point} is passed over: ${reason}`);
    return this.unlessStopped(catalog.findPoint(store, source, this.component, wanted, passedOver));
  }

  read(address: PointAddress): Promise<RecoveryPoint> {
    return this.unlessStopped(this.options.catalog.readPoint(this.options.store, address));
  }

  /** Reading leaves nothing behind to clean up, so a stop need not wait for the store's answer. */
  private unlessStopped<Result>(reading: Promise<Result>): Promise<Result> {
    const { signal } = this.options;
    return new Promise((resolve, reject) => {
      const stop = () => reject(signal.reason as Error);
      if (signal.aborted) return stop();
      signal.addEventListener('abort', stop, { once: true });
      reading.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
    });
  }
}
