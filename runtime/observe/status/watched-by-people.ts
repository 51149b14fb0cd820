import type { RetentionClass } from '../../../model';

/** Somebody waits for the exit code of these; nobody does for those of a schedule. */
export const WATCHED_BY_PEOPLE: readonly RetentionClass[] = ['manual', 'pre-deployment'];
