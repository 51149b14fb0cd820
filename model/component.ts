/** The kinds of thing that are backed up. The name is part of every key in the vault, so it never changes. */
export const COMPONENTS = ['dump', 'base-backup', 'wal', 'objects', 'files', 'configuration', 'qdrant', 'n8n'] as const;

export type Component = (typeof COMPONENTS)[number];

/** Why a recovery point was made, and by that how long it is kept. Part of its key. */
export const RETENTION_CLASSES = [
  'hourly',
  'daily',
  'weekly',
  'monthly',
  'yearly',
  'pre-deployment',
  'manual',
] as const;

export type RetentionClass = (typeof RETENTION_CLASSES)[number];

export function isRetentionClass(value: string): value is RetentionClass {
  return (RETENTION_CLASSES as readonly string[]).includes(value);
}

/** Says what is wrong with a source's name, or nothing. The name is the first part of every key. */
export function sourceNameProblem(name: string): string | undefined {
  if (!/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(name)) {
    return 'use 1 to 63 lower-case letters, digits and hyphens, beginning and ending with a letter or digit';
  }
  return undefined;
}
