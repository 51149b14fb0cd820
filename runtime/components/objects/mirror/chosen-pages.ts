import { compareKeys } from '../../../../model';
import type { ListedObject } from '../../../store/bucket';
import type { MirrorRequest } from '../types';

/** What of the source is to be mirrored, a page at a time, in order of the keys. Only what is included is listed. */
export async function* chosenPages(
  { from, include, exclude }: Pick<MirrorRequest, 'from' | 'include' | 'exclude'>,
  signal: AbortSignal,
): AsyncGenerator<readonly ListedObject[]> {
  for (const below of include.length === 0 ? [''] : withoutOverlap(include)) {
    for await (const page of from.pages({ below, signal })) {
      yield exclude.length === 0 ? page : page.filter(({ key }) => !exclude.some((prefix) => key.startsWith(prefix)));
    }
  }
}

/** In order, and without those that another one includes. */
export function withoutOverlap(prefixes: readonly string[]): string[] {
  const sorted = [...prefixes].sort(compareKeys);
  return sorted.filter((prefix, index) => !sorted.slice(0, index).some((shorter) => prefix.startsWith(shorter)));
}
