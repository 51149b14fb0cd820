/** What the alarms say, and what somebody reads of it. */
import type { Cloud } from '../aws';
import { claim } from './claim';

/** Past the next look of the function that knows how old the backups are, which is every five minutes. */
export const LOOK_MS = 6 * 60_000;

/** The state of an alarm, by the name of its construct. */
export function alarmOf(cloud: Cloud, name: string): string {
  const pattern = new RegExp(`Alarms${name}[0-9A-F]{8}$`);
  const found = Object.entries(cloud.alarms.states()).filter(([id]) => pattern.test(id));
  claim(found.length === 1, `there is an alarm ${name}`, Object.keys(cloud.alarms.states()).join('\n'));
  return found[0][1];
}

/** Fires the daily look at all backups now. */
export async function sweep(cloud: Cloud): Promise<void> {
  const found = cloud.scheduler.all().filter(({ input }) => input.includes('"sweep"'));
  claim(found.length === 1, 'there is a schedule for the sweep', String(found.length));
  await cloud.scheduler.fire(found[0].name);
}

/** The title of the first message that was posted about something. */
export function posted(messages: readonly string[], about: string): string {
  const titles = messages.map((message) => String((JSON.parse(message) as { title?: unknown }).title));
  const found = titles.find((title) => title.includes(about));
  claim(found !== undefined, `a message about "${about}" was posted`, titles.join('\n'));
  return found;
}
