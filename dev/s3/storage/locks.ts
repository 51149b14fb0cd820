/** One at a time per name, in the order of arrival. */
export class Locks {
  readonly #tails = new Map<string, Promise<void>>();

  async run<T>(name: string, work: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(name);
    let done: () => void = () => undefined;
    const tail = new Promise<void>((resolve) => (done = resolve));
    this.#tails.set(name, tail);
    try {
      await before;
      return await work();
    } finally {
      done();
      if (this.#tails.get(name) === tail) this.#tails.delete(name);
    }
  }
}
