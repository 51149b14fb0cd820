/** Step Functions, as far as our templates use it: tasks that call functions, tried again and caught. Any other state is refused. */
import { StandInError } from '../stand-in-error';
import type { Role } from '../iam/policy';

export interface StateMachine {
  readonly arn: string;
  readonly role: Role;
  readonly definition: Definition;
}

/** https://states-language.net/spec.html */
export interface Definition {
  readonly StartAt: string;
  readonly States: Readonly<Record<string, TaskState>>;
}

export interface TaskState {
  readonly Type: 'Task';
  readonly Resource: string;
  readonly Retry?: readonly Retrier[];
  readonly Catch?: readonly { readonly ErrorEquals: readonly string[]; readonly Next: string }[];
  readonly Next?: string;
  readonly End?: boolean;
}

interface Retrier {
  readonly ErrorEquals: readonly string[];
  readonly IntervalSeconds?: number;
  readonly MaxAttempts?: number;
  readonly BackoffRate?: number;
}

/** What a task ended with. */
export type TaskResult = { readonly output: unknown } | { readonly error: string; readonly cause: unknown };

export interface ExecutionContext {
  /** Carries a task out; `resource` is what the state names. */
  readonly perform: (resource: string, input: unknown) => Promise<TaskResult>;
  readonly wait: (seconds: number) => Promise<void>;
}

const EVERY_ERROR = 'States.ALL';
/** https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html */
const DEFAULT_RETRIER = { IntervalSeconds: 1, MaxAttempts: 3, BackoffRate: 2 };
const MOST_STATES = 100;
const TASK_FIELDS = ['Type', 'Resource', 'Retry', 'Catch', 'Next', 'End', 'Comment'];

export class StateMachines {
  private readonly machines = new Map<string, StateMachine>();

  add(machine: StateMachine): void {
    for (const [name, state] of Object.entries(machine.definition.States)) refuseUnknown(name, state);
    this.machines.set(machine.arn, machine);
  }

  get(arn: string): StateMachine {
    const found = this.machines.get(arn);
    if (found === undefined) throw new StandInError(`there is no state machine ${arn}`);
    return found;
  }
}

/** Carries a machine out, from its first state to its end. */
export async function execute(
  { definition }: StateMachine,
  input: unknown,
  context: ExecutionContext,
): Promise<unknown> {
  let name = definition.StartAt;
  let value = input;
  for (let count = 0; count < MOST_STATES; count += 1) {
    const state = definition.States[name];
    if (state === undefined) throw new StandInError(`the state machine has no state ${name}`);
    const result = await performRetrying(state, value, context);
    if ('output' in result) {
      if (state.End || state.Next === undefined) return result.output;
      [name, value] = [state.Next, result.output];
      continue;
    }
    const catcher = state.Catch?.find(({ ErrorEquals }) => matches(ErrorEquals, result.error));
    if (!catcher) throw new StandInError(`the state ${name} failed: ${result.error}`);
    [name, value] = [catcher.Next, { Error: result.error, Cause: result.cause }];
  }
  throw new StandInError(`a state machine went through more than ${MOST_STATES} states`);
}

async function performRetrying(
  state: TaskState,
  input: unknown,
  { perform, wait }: ExecutionContext,
): Promise<TaskResult> {
  for (let attempt = 0; ; attempt += 1) {
    const result = await perform(state.Resource, input);
    if ('output' in result) return result;
    const retrier = state.Retry?.find(({ ErrorEquals }) => matches(ErrorEquals, result.error));
    const { IntervalSeconds, MaxAttempts, BackoffRate } = { ...DEFAULT_RETRIER, ...retrier };
    if (!retrier || attempt >= MaxAttempts) return result;
    await wait(IntervalSeconds * BackoffRate ** attempt);
  }
}

function matches(errors: readonly string[], error: string): boolean {
  return errors.includes(EVERY_ERROR) || errors.includes(error);
}

function refuseUnknown(name: string, state: TaskState): void {
  const unknown = Object.keys(state).filter((field) => !TASK_FIELDS.includes(field));
  if ((state.Type as string) === 'Task' && unknown.length === 0) return;
  throw new StandInError(
    `the stand-in does not know the state ${name}: ${unknown.length > 0 ? unknown.join(', ') : String(state.Type)}`,
  );
}
