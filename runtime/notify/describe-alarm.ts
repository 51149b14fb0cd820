/**
 * What an alarm says, in words: how old the newest backup is where that is the matter, and else the sentence that was deployed
 * with the alarm, whose description has the lines "Look: …" and "Runbook: …".
 */
import { METRICS, NO_POINT_AGE_SECONDS } from '../../model';
import { formatDuration } from '../observe/format';
import type { Notice, NoticeState } from './notice';

/** The part of a CloudWatch alarm that is told. */
export interface AlarmMessage {
  readonly name: string;
  readonly description: string;
  readonly state: NoticeState;
  readonly reason: string;
  readonly metric?: string;
  readonly threshold?: number;
  readonly source?: string;
  readonly component?: string;
}

export type Words = Pick<Notice, 'title' | 'detail' | 'look' | 'runbookUrl'>;

export function describeAlarm(alarm: AlarmMessage): Words {
  const lines = alarm.description.split('\n');
  const after = (label: string) => lines.find((one) => one.startsWith(label))?.slice(label.length);
  const what = lines[0] || alarm.name;
  return {
    ...(describeAge(alarm) ?? describeOther(alarm, what)),
    look: after('Look: '),
    runbookUrl: after('Runbook: '),
  };
}

const AGES: Readonly<Record<string, string | undefined>> = {
  [METRICS.newestAge.name]: 'good',
  [METRICS.newestVerifiedAge.name]: 'verified',
};

function describeAge({ metric, threshold, source, component, reason, state }: AlarmMessage): Words | undefined {
  const quality = AGES[metric ?? ''];
  if (quality === undefined || threshold === undefined || source === undefined) return undefined;
  // Most systems have nothing but dumps.
  const whose = component === undefined || component === 'dump' ? source : `${source} ${component}`;
  const objective = `(objective ${age(threshold)})`;
  const measured = measuredValue(reason);
  if (measured !== undefined && measured >= NO_POINT_AGE_SECONDS) {
    return { title: `${whose}: there is no ${quality} backup ${objective}` };
  }
  if (measured !== undefined) {
    const again = state === 'recovered' ? ' again' : '';
    return { title: `${whose}: newest ${quality} backup is ${age(measured)} old${again} ${objective}` };
  }
  if (state === 'recovered') return undefined;
  return { title: `${whose}: it is not known how old the newest ${quality} backup is ${objective}`, detail: reason };
}

function describeOther({ state, source, reason }: AlarmMessage, what: string): Words {
  const bare = what.replace(/\.$/, '');
  if (state !== 'recovered') return { title: bare, detail: reason };
  const subject = source ?? /^([^\s:]+): /.exec(bare)?.[1];
  if (subject === undefined) return { title: `good again: ${bare}`, detail: reason };
  return { title: `${subject}: good again`, detail: `No longer: ${bare.replace(`${subject}: `, '')}.` };
}

/**
 * The value that CloudWatch's sentence quotes: "… 1 datapoint [93600.0 (19/11/26 02:00:00)] was greater than …". Nothing when
 * it had none to look at, or somebody set the state by hand.
 */
function measuredValue(reason: string): number | undefined {
  const [, value] = /\[(\d+(?:\.\d+)?(?:E\d+)?) \(/.exec(reason) ?? [];
  return value === undefined ? undefined : Number(value);
}

const HOUR_SECONDS = 3600;

/** People state ages in hours up to three days: `26 h`, not `1 d 2 h`. */
function age(seconds: number): string {
  if (seconds < 24 * HOUR_SECONDS) return formatDuration(seconds * 1000);
  const minutes = Math.round(seconds / 60);
  if (seconds > 72 * HOUR_SECONDS) return `${Math.floor(minutes / 1440)} days`;
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
