/**
 * Holds a deployment until there is a verified recovery point: the two handlers of a custom resource. The first starts the tasks,
 * the second looks, once at each call, whether what they make is verified; nothing waits in between. Only for a start that is
 * refused for now the first one waits.
 */
import { dataAt, pointId, type Component } from '../../model';
import { findPoint, listPoints } from '../catalog/catalog';
import { BackupError } from '../errors';
import type { ObjectStore } from '../store/store';
import { formatDuration } from '../observe/format';
import { lookForPoint } from './follow-task';
import { startedWithPatience, stateNow } from './patience';
import { RefusedForNow, type StartedTask, type StartRequest, type TaskStarter } from './task';

export interface PreDeploymentContext {
  readonly store: ObjectStore;
  readonly source: string;
  readonly components: readonly Component[];
  readonly starter: TaskStarter;
  /** A task that was started before. */
  readonly task: (arn: string, startedAt: Date) => StartedTask;
  readonly now: () => Date;
  /** Between two starts that are refused for now, several times. */
  readonly wait: (signal: AbortSignal) => Promise<void>;
  /** Of a start that is tried again. */
  readonly tell: (text: string) => void;
}

/** What CloudFormation sends, as far as it is needed. */
export interface DeploymentEvent {
  readonly RequestType: 'Create' | 'Update' | 'Delete';
  readonly ResourceProperties: DeploymentProperties;
  readonly OldResourceProperties?: DeploymentProperties;
  readonly PhysicalResourceId?: string;
  /** What the first handler gave. */
  readonly Data?: Held;
}

export interface DeploymentProperties {
  readonly trigger: string;
  /** ISO 8601. */
  readonly synthesisedAt: string;
  /** A verified point that is not older is good enough. `0`: none is. */
  readonly acceptYoungerThanSeconds: string;
  readonly timeoutSeconds: string;
}

/** `nothing`: there is nothing to wait for, and why. */
export type Held =
  | { readonly phase: 'nothing'; readonly reason: string }
  | { readonly phase: 'waiting'; readonly time: string; readonly tasks: readonly HeldTask[] };

interface HeldTask {
  readonly component: Component;
  readonly arn: string;
}

/** Says what to wait for. */
export async function beginHolding(event: DeploymentEvent, context: PreDeploymentContext): Promise<Held> {
  const reason = await whyNot(event, context);
  if (reason !== undefined) return { phase: 'nothing', reason };
  const time = new Date(Math.floor(context.now().getTime() / 1000) * 1000);
  const patienceMs = Math.min(Number(event.ResourceProperties.timeoutSeconds) * 1000, STARTS_FOR_MS);
  const tasks: HeldTask[] = [];
  for (const component of context.components) {
    const task = await start({ component, class: 'pre-deployment', time }, patienceMs, context);
    tasks.push({ component, arn: task.arn ?? '' });
  }
  return { phase: 'waiting', time: time.toISOString(), tasks };
}

/** The function may take 15 minutes, and the last attempt is some minutes of them. */
const STARTS_FOR_MS = 10 * 60_000;

async function start(request: StartRequest, patienceMs: number, context: PreDeploymentContext): Promise<StartedTask> {
  const { starter, now, wait, tell } = context;
  const { signal } = new AbortController();
  const bounds = { starter, signal, now, wait, patienceMs, begunAt: request.time };
  try {
    return await startedWithPatience(request, { detail: tell }, bounds);
  } catch (thrown) {
    if (!(thrown instanceof RefusedForNow)) throw thrown;
    const { message, detail } = thrown;
    const tried = `${message}, tried for ${formatDuration(patienceMs)}`;
    throw refused(request.component, context, [tried, detail].filter(Boolean).join(': '));
  }
}

async function whyNot(event: DeploymentEvent, context: PreDeploymentContext): Promise<string | undefined> {
  const { RequestType: type, ResourceProperties: now, OldResourceProperties: before } = event;
  if (type === 'Delete') return 'it is taken out of the stack';
  if (before && now.synthesisedAt < before.synthesisedAt) return 'the stack goes back to what it was';
  if (before && now.trigger === before.trigger) return 'what triggers it is the same';
  const youngest = await youngestVerified(context);
  // The first deployment of all: neither is there anything to lose, nor a table to dump.
  if (type === 'Create' && youngest === undefined && (await isEmpty(context))) return 'nothing was ever backed up';
  const acceptSeconds = Number(now.acceptYoungerThanSeconds);
  if (youngest && acceptSeconds > 0 && youngest.ageSeconds <= acceptSeconds) {
    return `${youngest.point} is verified and ${youngest.ageSeconds} s old`;
  }
  return undefined;
}

async function isEmpty({ store, source, components }: PreDeploymentContext): Promise<boolean> {
  for (const component of components) {
    if ((await listPoints(store, source, component)).length > 0) return false;
  }
  return true;
}

/** The oldest of the newest good ones: all components must be young. Nothing where one has none that is verified. */
async function youngestVerified(
  context: PreDeploymentContext,
): Promise<{ point: string; ageSeconds: number } | undefined> {
  let oldest: { point: string; ageSeconds: number } | undefined;
  for (const component of context.components) {
    const found = await newest(context, component);
    if (found?.verification !== 'passed') return undefined;
    const { manifest } = found;
    const ageMs = context.now().getTime() - dataAt(manifest, new Date(manifest.startedAt)).getTime();
    const ageSeconds = Math.round(ageMs / 1000);
    if (!oldest || ageSeconds > oldest.ageSeconds) oldest = { point: pointId(found.address), ageSeconds };
  }
  return oldest;
}

async function newest({ store, source }: PreDeploymentContext, component: Component) {
  try {
    return await findPoint(store, source, component, 'latest');
  } catch (error) {
    if (error instanceof BackupError && error.code === 'point-missing') return undefined;
    throw error;
  }
}

/** Whether the deployment may go on; throws when it must not. */
export async function mayGoOn(
  { Data: held, ResourceProperties: properties }: DeploymentEvent,
  context: PreDeploymentContext,
): Promise<boolean> {
  if (!held || held.phase === 'nothing') return true;
  const time = new Date(held.time);
  let isDone = true;
  for (const { component, arn } of held.tasks) {
    if (!(await isVerified({ component, time, arn }, context))) isDone = false;
  }
  if (!isDone) refuseAfter(Number(properties.timeoutSeconds), time, context);
  return isDone;
}

async function isVerified(
  { component, time, arn }: { component: Component; time: Date; arn: string },
  context: PreDeploymentContext,
): Promise<boolean> {
  const request = { component, class: 'pre-deployment', time } as const;
  const look = () => lookForPoint(request, context);
  const made = await failing(component, context, look);
  if (!made) {
    const state = await stateNow(context.task(arn, time));
    // What it wrote last may not have been there when it was looked for.
    if (state.ended && !(await failing(component, context, look))) {
      throw refused(component, context, `its task ended without a recovery point (${state.exitCode ?? state.reason})`);
    }
    return false;
  }
  const { verification } = made;
  if (verification === 'not verified') return false;
  if (verification === 'passed') return true;
  throw refused(component, context, `${made.point} was made, and its verification ended as "${verification}"`);
}

async function failing<Result>(
  component: Component,
  context: PreDeploymentContext,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof BackupError) || error.code !== 'task-failed') throw error;
    throw refused(component, context, error.message);
  }
}

function refuseAfter(timeoutSeconds: number, begun: Date, context: PreDeploymentContext): void {
  const seconds = (context.now().getTime() - begun.getTime()) / 1000;
  if (seconds < timeoutSeconds) return;
  throw refused(context.components[0], context, `no verified recovery point after ${timeoutSeconds} s`);
}

/** CloudFormation shows the message alone, cut at about 1,000 characters. */
function refused(component: Component, { store, source }: PreDeploymentContext, what: string): BackupError {
  return new BackupError(
    'task-failed',
    `The deployment does not go on without a backup. ${component} of ${source}: ${what.slice(0, 400)}. ` +
      `Look: postgres-backup status --vault ${store.uri} --source ${source}`,
  );
}
