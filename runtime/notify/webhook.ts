/** A notice as plain JSON, for programs. Fields are added, never renamed. */
import type { Notice } from './notice';

export const NOTICE_FORMAT = 'postgres-backup/notice/1';

export function webhookBody({ state, title, detail, look, runbookUrl, at, origin }: Notice): object {
  return { format: NOTICE_FORMAT, state, title, detail, look, runbookUrl, at: at.toISOString(), origin };
}
