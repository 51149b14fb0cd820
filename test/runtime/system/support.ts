/** A system of a dump, files' worth of nothing and a real mirror, whose tasks are functions of the test. */
import { setImmediate } from 'node:timers/promises';
import { MANIFEST_NAME, pointPrefix, type Component, type Outcome } from '../../../model';
import { PointWriter } from '../../../runtime/catalog/point-writer';
import { readText } from '../../../runtime/catalog/read-text';
import { addressOf } from '../../../runtime/catalog/run-id';
import { sha256Of } from '../../../runtime/catalog/verification-record';
import { BackupError } from '../../../runtime/errors';
import { silentReporter } from '../../../runtime/observe/reporter';
import type { ObjectStore } from '../../../runtime/store/store';
import type { SpooledReferences } from '../../../runtime/system/references';
import { runSystem, type SystemRunContext, type SystemRunRequest } from '../../../runtime/system/run-system';
import type { StartRequest, TaskState } from '../../../runtime/system/task';
import { storeVerification } from '../retention/support';
import { manifestOf } from '../observe/status/support/vault';

export const SOURCE = 'orders';
export const TIME = new Date('2026-11-20T02:10:00Z');

/** What a task does when it is started, and how it ends. */
export type Task = (request: StartRequest, store: ObjectStore) => Promise<TaskState>;

export const ENDED: TaskState = { ended: true, exitCode: 0, reason: '' };

/** Makes a recovery point, as a dump does. */
export const makesPoint: Task = async (request, store) => {
  const writer = await claimed(request, store);
  await writer.finish(manifestOf(writer.address, { scheduledAt: request.time.toISOString() }));
  return ENDED;
};

export const failsByItself: Task = async (request, store) => {
  const writer = await claimed(request, store);
  await writer.fail(new BackupError('table-locked', 'public.orders is locked'), request.time);
  return { ended: true, exitCode: 1, reason: '' };
};

/** Killed before it could leave word. */
export const isKilled: Task = async (request, store) => {
  await claimed(request, store);
  return { ended: true, exitCode: 137, reason: 'OutOfMemoryError: container killed' };
};

async function claimed(request: StartRequest, store: ObjectStore): Promise<PointWriter> {
  const address = addressOf({ source: SOURCE, ...request, scheduledAt: request.time, startedAt: request.time });
  const writer = await PointWriter.claim(store, address, request.time);
  if (writer === 'taken') throw new Error('the point is taken');
  return writer;
}

/** The verifying function's work. */
export async function verified(store: ObjectStore, component: Component, outcome: Outcome): Promise<void> {
  const address = addressOf({ source: SOURCE, component, class: 'manual', scheduledAt: TIME, startedAt: TIME });
  const text = await readText(store, `${pointPrefix(address)}${MANIFEST_NAME}`);
  await storeVerification(store, address, outcome, sha256Of(text ?? ''));
}

export interface Started {
  /** What was started, in order. */
  readonly started: Component[];
}

export function contextOf(
  store: ObjectStore,
  tasks: Partial<Record<Component, Task>>,
  changes: Partial<SystemRunContext> = {},
): SystemRunContext & Started {
  const started: Component[] = [];
  return {
    started,
    store,
    source: SOURCE,
    starter: {
      start: async (request) => {
        started.push(request.component);
        const task = tasks[request.component];
        if (!task) throw new BackupError('task-failed', `ECS did not start ${request.component}`);
        const state = await task(request, store);
        return { description: `task ${request.component}`, state: async () => state };
      },
    },
    reporter: silentReporter,
    signal: new AbortController().signal,
    now: () => TIME,
    // By a turn of the loop: other work, which waits for input, must have its turn too.
    wait: async (signal) => {
      await setImmediate();
      signal.throwIfAborted();
    },
    until: 'made',
    spool: async () => {
      throw new BackupError('comparison-failed', 'no test asks a server');
    },
    ...changes,
  };
}

export function requestOf(changes: Partial<SystemRunRequest> = {}): SystemRunRequest {
  return { components: ['dump'], class: 'manual', time: TIME, record: 'set', referenceQueries: [], ...changes };
}

export function run(
  store: ObjectStore,
  tasks: Partial<Record<Component, Task>>,
  request: Partial<SystemRunRequest> = {},
  context: Partial<SystemRunContext> = {},
) {
  return runSystem(requestOf(request), contextOf(store, tasks, context));
}

/** Keys as the server would have given them. */
export function spooled(mirror: string, file: string, onRemove: () => void = () => undefined): SpooledReferences {
  return { mirror, file, remove: async () => onRemove() };
}
