import { compareKeys } from '../../../model';
import type { VersionEntry } from '../../store/store';
import type { InventoryPiece } from './inventory-piece';

/** Versions of one mirror that may end unless an inventory names them. A bounded number at a time; a listing gives them in order. */
export class Candidates {
  private readonly versions = new Map<string, VersionEntry>();
  private readonly ids = new Set<string>();
  private first: string | undefined;
  private last = '';

  /** @param prefix of the mirror, in the vault; what is not below it may be named by any piece */
  constructor(private readonly prefix: string) {}

  get size(): number {
    return this.versions.size;
  }

  add(version: VersionEntry): void {
    this.first ??= version.key;
    this.last = version.key;
    this.ids.add(version.versionId);
    this.versions.set(nameOf(version.key, version.versionId), version);
  }

  /** Whether one of them has, or had, this id. */
  has(versionId: string): boolean {
    return this.ids.has(versionId);
  }

  /** An inventory names it. */
  strike(key: string, versionId: string): void {
    this.versions.delete(nameOf(key, versionId));
  }

  /** Whether a piece may name one of them, by the keys between which both lie. */
  mayBeNamedIn({ range }: InventoryPiece): boolean {
    const { first, last, prefix } = this;
    if (range === undefined || first === undefined || !first.startsWith(prefix)) return true;
    return (
      compareKeys(range.last, first.slice(prefix.length)) >= 0 &&
      compareKeys(range.first, last.slice(prefix.length)) <= 0
    );
  }

  /** Those that nothing has struck out. */
  left(): VersionEntry[] {
    return [...this.versions.values()];
  }
}

function nameOf(key: string, versionId: string): string {
  return `${key}\n${versionId}`;
}
