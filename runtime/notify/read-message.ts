/**
 * What arrives on the alarms' topic, as a notice: the JSON of a CloudWatch alarm, a notice of our own (a report's summary), or
 * whatever else somebody published, which is passed on as it is. Nothing is dropped because it is not understood.
 *
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
 */
import { describeAlarm, type AlarmMessage } from './describe-alarm';
import { createNotice, type Notice, type NoticeState } from './notice';
import { NOTICE_FORMAT } from './webhook';

/** One message as Amazon SNS hands it to a function. */
export interface TopicMessage {
  readonly MessageId: string;
  readonly Message: string;
  readonly Subject?: string | null;
  readonly Timestamp?: string;
}

/** `now` is the time of a message that tells none. */
export function readMessage(message: TopicMessage, now: Date): Notice {
  const sentAt = time(message.Timestamp) ?? now;
  const alarm = parseObject(message.Message);
  if (alarm?.format === NOTICE_FORMAT) return readNotice(alarm, sentAt);
  if (!alarm || typeof alarm.AlarmName !== 'string' || typeof alarm.NewStateValue !== 'string') {
    const told = alarmSentence(message.Message);
    if (told) return createNotice({ state: 'alarm', ...told, at: sentAt, origin: {} });
    return createNotice({
      state: 'information',
      title: message.Subject || 'A message on the topic of the alarms',
      detail: message.Message,
      at: sentAt,
      origin: {},
    });
  }
  const read = readAlarm(alarm);
  return createNotice({
    state: read.state,
    ...describeAlarm(read),
    at: time(text(alarm.StateChangeTime)) ?? sentAt,
    origin: {
      source: read.source,
      component: read.component,
      alarm: read.name,
      region: text(alarm.AlarmArn).split(':')[3],
      account: text(alarm.AWSAccountId),
    },
  });
}

/** What a rule tells in plain words, so that a mail of it can be read: `ALARM: ` and a first sentence. */
function alarmSentence(text: string): { title: string; detail: string } | undefined {
  const match = /^ALARM: ([^.\n]+(?:\.\S[^.\n]*)*)\.?\s*([^]*)$/.exec(text.replace(/^"(.*)"\s*$/s, '$1'));
  return match ? { title: match[1], detail: match[2] } : undefined;
}

const NOTICE_STATES: readonly NoticeState[] = ['alarm', 'recovered', 'unknown', 'information'];

/** Whoever may publish may have written it: nothing in it is believed to have a form. */
function readNotice(raw: Record<string, unknown>, sentAt: Date): Notice {
  const origin = isObject(raw.origin) ? raw.origin : {};
  return createNotice({
    state: NOTICE_STATES.find((known) => known === raw.state) ?? 'unknown',
    title: text(raw.title),
    detail: text(raw.detail),
    look: text(raw.look),
    runbookUrl: text(raw.runbookUrl),
    at: time(text(raw.at)) ?? sentAt,
    origin: { source: text(origin.source), component: text(origin.component) },
  });
}

const STATES: Readonly<Record<string, NoticeState | undefined>> = { ALARM: 'alarm', OK: 'recovered' };

function readAlarm(alarm: Record<string, unknown>): AlarmMessage {
  const trigger = isObject(alarm.Trigger) ? alarm.Trigger : {};
  return {
    name: text(alarm.AlarmName),
    description: text(alarm.AlarmDescription),
    // Neither good nor bad, INSUFFICIENT_DATA and whatever may come: not known, which is never good.
    state: STATES[text(alarm.NewStateValue)] ?? 'unknown',
    reason: text(alarm.NewStateReason),
    metric: text(trigger.MetricName) || undefined,
    threshold: typeof trigger.Threshold === 'number' ? trigger.Threshold : undefined,
    source: dimension(trigger, 'Source'),
    component: dimension(trigger, 'Component'),
  };
}

function dimension(trigger: Record<string, unknown>, name: string): string | undefined {
  const all: unknown[] = Array.isArray(trigger.Dimensions) ? trigger.Dimensions : [];
  const found = all.filter(isObject).find((one) => one.name === name);
  return found && (text(found.value) || undefined);
}

function parseObject(json: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return isObject(value) ? value : undefined;
  } catch {
    // Not JSON: somebody's own words.
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** CloudWatch writes `+0000`. */
function time(iso: string | undefined): Date | undefined {
  const parsed = new Date((iso ?? '').replace(/\+0000$/, 'Z'));
  return Number.isNaN(parsed.getTime()) ? undefined : parsed;
}
