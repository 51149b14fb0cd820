import type { ObjectStore } from '../../runtime/store/store';

/** A store that counts what it is asked, by operation; a listing counts once, however many pages it has. */
export function countRequests(store: ObjectStore): { store: ObjectStore; requests: Record<string, number> } {
  const requests: Record<string, number> = {};
  const counting = new Proxy(store, {
    get(target, name: keyof ObjectStore) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return (...given: unknown[]) => {
        requests[name] = (requests[name] ?? 0) + 1;
        return Reflect.apply(value, target, given) as unknown;
      };
    },
  });
  return { store: counting, requests };
}
