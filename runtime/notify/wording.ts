/** What every form of a notice shows in the same words. */
import { formatTime } from '../observe/format';
import type { Notice, NoticeState } from './notice';

/** Told apart without colours too, by the word. */
export const STATE_LABELS: Readonly<Record<NoticeState, string>> = {
  alarm: '🔴 Alarm',
  recovered: '🟢 Recovered',
  unknown: '⚪ Not known',
  information: '🔵 Information',
};

/** Where it comes from: `BackupTooOld · eu-central-1 · 123456789012 · 2026-11-20 02:10:03 UTC`. */
export function originLine({ at, origin: { alarm, region, account } }: Notice): string {
  return [alarm, region, account, formatTime(at)].filter(Boolean).join(' · ');
}
