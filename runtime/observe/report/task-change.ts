/**
 * What Amazon ECS tells of a task: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html. Written
 * into the function's log, for who asks later what ran; and what was stopped before it ran is counted, because a program that
 * never began can say nothing itself.
 */
import type { LogEvent } from '../log-line';

export interface TaskChange {
  /** For the log: no names but those of AWS. */
  readonly event: LogEvent;
  /** It was stopped before its program ran: no image, no network, no capacity, no permission. */
  readonly neverStarted: boolean;
  /** Its program ended by itself, with 0. */
  readonly succeeded: boolean;
  readonly reason: string;
}

/** Reads the detail of a "ECS Task State Change"; nothing when it is none. */
export function readTaskChange(detail: unknown): TaskChange | undefined {
  if (!isRecord(detail) || typeof detail.taskArn !== 'string' || typeof detail.lastStatus !== 'string')
    return undefined;
  const stopCode = text(detail.stopCode);
  const container = (Array.isArray(detail.containers) ? detail.containers : []).find(isRecord) ?? {};
  const exitCode = typeof container.exitCode === 'number' ? container.exitCode : undefined;
  const isStopped = detail.lastStatus === 'STOPPED';
  const reason = [text(detail.stoppedReason), text(container.reason)].filter(Boolean).join(': ');
  // Ended by itself with its own word is told by that word; whatever else stopped it is bad.
  const neverStarted = isStopped && stopCode === 'TaskFailedToStart';
  const event: LogEvent = {
    level: isStopped && exitCode !== 0 ? 'error' : 'info',
    event: 'task',
    task: detail.taskArn,
    taskDefinition: text(detail.taskDefinitionArn),
    status: detail.lastStatus,
    stopCode,
    exitCode,
    reason: reason || undefined,
    startedBy: text(detail.startedBy),
    createdAt: text(detail.createdAt),
    startedAt: text(detail.startedAt),
    stoppedAt: text(detail.stoppedAt),
  };
  return { event, neverStarted, succeeded: isStopped && exitCode === 0, reason: reason || 'no reason was given' };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
