/** Keys in S3's order: by their UTF-8 bytes. */

/** A set of keys that can be walked in order from any place. */
export class OrderedKeys {
  readonly #keys: string[] = [];

  /** Replaces the content. */
  load(keys: Iterable<string>): void {
    this.#keys.length = 0;
    for (const key of keys) this.#keys.push(key);
    this.#keys.sort(compareUtf8);
  }

  add(key: string): void {
    const index = this.firstIndex((other) => compareUtf8(other, key) >= 0);
    if (this.#keys[index] !== key) this.#keys.splice(index, 0, key);
  }

  remove(key: string): void {
    const index = this.firstIndex((other) => compareUtf8(other, key) >= 0);
    if (this.#keys[index] === key) this.#keys.splice(index, 1);
  }

  at(index: number): string | undefined {
    return this.#keys[index];
  }

  [Symbol.iterator](): Iterator<string> {
    return this.#keys[Symbol.iterator]();
  }

  get size(): number {
    return this.#keys.length;
  }

  /** The first key that is not before `key`. */
  indexFrom(key: string): number {
    return this.firstIndex((other) => compareUtf8(other, key) >= 0);
  }

  /** The first key after `key`. */
  indexAfter(key: string): number {
    return this.firstIndex((other) => compareUtf8(other, key) > 0);
  }

  /** The first key after all that begin with `prefix`. */
  indexAfterPrefix(prefix: string): number {
    return this.firstIndex((other) => !other.startsWith(prefix) && compareUtf8(other, prefix) > 0);
  }

  /** Where a condition that stays true once it is true becomes true. */
  private firstIndex(reached: (key: string) => boolean): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (reached(this.#keys[middle])) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

/** JavaScript compares UTF-16 units, which puts characters above U+FFFF before U+E000. UTF-8 does not. */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

/** Moves surrogates behind the rest of the 16-bit characters. */
function rank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit >= 0xe000 ? unit - 0x800 : unit + 0x2000;
}
