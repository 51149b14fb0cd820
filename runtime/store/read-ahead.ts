import { setMaxListeners } from 'node:events';
import type { StoredObject } from '../../model';
import type { PartBudget, Reservation } from './part-budget';
import { fetchPart, type PartPlace } from './part-fetch';
import type { ObjectStore } from './store';

/**
 * The verified parts of an object, in order, fetched some time before they are wanted. It never waits for memory: the part that
 * is wanted next is fetched whatever the budget says, the others only while it has room. So streams that share a budget
 * cannot block each other.
 */
export class ReadAhead {
  private upcoming: PartPlace | undefined;
  private readonly fetching: Promise<FetchedPart>[] = [];

  constructor(
    private readonly store: ObjectStore,
    private readonly object: StoredObject,
    private readonly options: { parallel: number; budget: PartBudget; signal: AbortSignal },
  ) {
    this.upcoming = placeOf(object, 1, 0);
    setMaxListeners(100, options.signal);
  }

  /** The next part, or nothing after the last. Whoever takes it releases it. */
  async next(): Promise<FetchedPart | undefined> {
    this.options.signal.throwIfAborted();
    this.fetchAhead();
    if (this.fetching.length === 0) return undefined;
    const part = await this.fetching[0];
    void this.fetching.shift();
    return part;
  }

  /** Frees what was fetched and not taken. */
  stop(): void {
    for (const fetch of this.fetching.splice(0)) {
      fetch.then(
        (part) => part.release(),
        () => undefined,
      );
    }
  }

  private fetchAhead(): void {
    const { budget, parallel } = this.options;
    if (this.upcoming && this.fetching.length === 0) this.start(budget.reserveNow(this.upcoming.sizeBytes));
    while (this.upcoming && this.fetching.length < parallel) {
      const reservation = budget.tryReserve(this.upcoming.sizeBytes);
      if (!reservation) return;
      this.start(reservation);
    }
  }

  private start(reservation: Reservation): void {
    if (!this.upcoming) return;
    const { number, startByte, sizeBytes } = this.upcoming;
    const fetch = this.fetch(this.upcoming, reservation);
    // It may fail long before its turn comes; the failure is told then.
    fetch.catch(() => undefined);
    this.fetching.push(fetch);
    this.upcoming = placeOf(this.object, number + 1, startByte + sizeBytes);
  }

  private async fetch(place: PartPlace, reservation: Reservation): Promise<FetchedPart> {
    try {
      const chunks = await fetchPart(this.store, this.object, place, this.options.signal);
      return { chunks, release: () => reservation.release() };
    } catch (error) {
      reservation.release();
      throw error;
    }
  }
}

export interface FetchedPart {
  readonly chunks: readonly Buffer[];
  release(): void;
}

function placeOf(object: StoredObject, number: number, startByte: number): PartPlace | undefined {
  const part = object.parts.at(number - 1);
  return part && { ...part, number, startByte };
}
