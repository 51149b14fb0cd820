import type { ManagedSetting, ManagedSettings } from './types';

/** Whatever its source was: what was restored in need is not to be deleted by mistake. */
export const PROTECTED = 'on';

/** Where a restored database is not set as its source, a sentence each. */
export function differences(source: ManagedSettings, restored: ManagedSettings): string[] {
  const expected: ManagedSettings = { ...source, 'deletion protection': PROTECTED };
  return (Object.entries(expected) as [ManagedSetting, string | undefined][]).flatMap(([name, wanted]) =>
    wanted === undefined || restored[name] === wanted
      ? []
      : [`${name}: ${restored[name] ?? 'not told'}, where ${wanted} was asked for`],
  );
}

/** In an order of their own: AWS has none. */
export function securityGroups(
  groups: readonly { readonly VpcSecurityGroupId?: string; readonly Status?: string }[] | undefined,
): string[] {
  return (groups ?? []).flatMap(({ VpcSecurityGroupId: id }) => (id === undefined ? [] : [id])).sort();
}

export function onOff(is: boolean | undefined): string | undefined {
  if (is === undefined) return undefined;
  return is ? 'on' : 'off';
}

export function tagsOf(list: readonly { readonly Key?: string; readonly Value?: string }[] | undefined) {
  return new Map((list ?? []).map(({ Key = '', Value = '' }) => [Key, Value]));
}

export function asTags(tags: ReadonlyMap<string, string>): { Key: string; Value: string }[] {
  return [...tags].map(([Key, Value]) => ({ Key, Value }));
}
