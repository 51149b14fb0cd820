import type { Component, RetentionClass } from '../../model';
import { BackupError } from '../errors';

/** Starts the task that backs a component up: as a deployed task, or as a process here. */
export interface TaskStarter {
  /** `RefusedForNow` where it may be started a little later. */
  start(request: StartRequest, signal: AbortSignal): Promise<StartedTask>;
}

/** There is no room for it now, or AWS is not well: what a schedule would try again. */
export class RefusedForNow extends BackupError {}

export interface StartRequest {
  readonly component: Component;
  readonly class: RetentionClass;
  /** Names the recovery point, so that it can be found while it is made. Whole seconds. */
  readonly time: Date;
}

export interface StartedTask {
  /** For people: where it runs. */
  readonly description: string;
  /** Of a task of ECS: by this it is found again. */
  readonly arn?: string;
  state(): Promise<TaskState>;
}

/** That it ended says nothing of the backup: that does what lies in the vault. */
export type TaskState =
  | { readonly ended: false; readonly status: string }
  | { readonly ended: true; readonly exitCode: number | null; readonly reason: string };

/** What the program is told besides what its task is told anyway. */
export function overridesOf({ class: retention, time }: StartRequest): Record<'class' | 'scheduledAt', string> {
  return { class: retention, scheduledAt: time.toISOString() };
}
