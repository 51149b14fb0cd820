import { printableJson } from './printable';

/**
 * One event of the task's log: one line, one JSON object, whose keys are ours. Whatever a database put into a name ends up
 * inside a JSON string, so it can begin no line of its own and be no key: it forges neither an event nor a metric.
 */
export interface LogEvent {
  readonly level: 'info' | 'warning' | 'error';
  readonly event: string;
  readonly [field: string]: string | number | undefined;
}

/** Container runtimes cut a line at 16 KiB; the pieces would be events that nobody wrote. */
const FIELD_LIMIT_CHARS = 1500;

export function logLine(time: Date, event: LogEvent): string {
  const fields = Object.entries(event).map(([name, value]) => [
    name,
    typeof value === 'string' ? bounded(value) : value,
  ]);
  return `${printableJson({ time: time.toISOString(), ...Object.fromEntries(fields) })}\n`;
}

function bounded(text: string): string {
  return text.length <= FIELD_LIMIT_CHARS
    ? text
    : `${text.slice(0, FIELD_LIMIT_CHARS)}… (${text.length - FIELD_LIMIT_CHARS} characters left out)`;
}
