/** Lambda: functions of the template, each in a process of its own, with the rights of its role and nothing else. */
import { randomUUID } from 'node:crypto';
import type { Background } from '../background';
import type { Clock } from '../clock';
import { processEnvironment, type Endpoints } from '../compute/environment';
import { FunctionProcess, type FunctionAnswer, type FunctionCode } from '../compute/function-process';
import type { Iam } from '../iam/iam';
import type { PolicyDocument, Principal, Role, Statement } from '../iam/policy';
import type { MetricStore } from '../watch/metric-store';
import type { Logs } from './logs';
import type { Queues } from './queues';
import { ServiceError } from './service-error';

export interface FunctionSettings extends FunctionCode {
  readonly arn: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly role: Role;
  readonly logGroup: string;
  /** ARN of the queue for events that it could not handle. */
  readonly deadLetterQueue?: string;
}

export interface LambdaFunction extends FunctionSettings {
  /** Who may call it. */
  readonly permissions: Statement[];
  /** How often an event is tried again that nobody waits for. */
  retries: number;
}

export interface Invocation {
  readonly function: string;
  readonly at: Date;
  readonly event: unknown;
  readonly answer: FunctionAnswer;
}

interface Services {
  readonly iam: Iam;
  readonly logs: Logs;
  readonly queues: Queues;
  readonly metrics: MetricStore;
  readonly clock: Clock;
  readonly background: Background;
  readonly now: () => Date;
  readonly endpoints: () => Endpoints;
}

const DEFAULT_RETRIES = 2;
/** What Lambda waits before it tries again: a minute, then two. https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html */
const RETRY_DELAY_MS = 60_000;

export class Functions {
  /** Every call, in order. */
  readonly invocations: Invocation[] = [];
  private readonly functions = new Map<string, LambdaFunction>();
  private readonly processes = new Map<string, FunctionProcess>();
  /** The newest call of each: one process does one event at a time. */
  private readonly turns = new Map<string, Promise<unknown>>();

  constructor(private readonly services: Services) {}

  add(settings: FunctionSettings): LambdaFunction {
    const added = { ...settings, permissions: [], retries: DEFAULT_RETRIES };
    this.functions.set(settings.arn, added);
    return added;
  }

  all(): LambdaFunction[] {
    return [...this.functions.values()];
  }

  /** By ARN or name. */
  get(arnOrName: string): LambdaFunction {
    const found = this.functions.get(arnOrName) ?? this.all().find(({ name }) => name === arnOrName);
    if (found === undefined) throw new ServiceError('ResourceNotFoundException', `Function not found: ${arnOrName}`);
    return found;
  }

  /**
   * Takes an event that nobody waits for.
   *
   * @param sourceArn on whose behalf a service calls
   * @throws ServiceError when the caller may not.
   */
  async accept(principal: Principal, arn: string, event: unknown, sourceArn?: string): Promise<void> {
    const called = this.get(arn);
    await this.services.iam.require({
      principal,
      action: 'lambda:InvokeFunction',
      resource: called.arn,
      resourcePolicy: policyOf(called),
      context: sourceArn === undefined ? {} : { 'aws:SourceArn': sourceArn },
    });
    this.services.background.run(() => this.attempt(called, event, 0));
  }

  /** One call, and its answer. */
  invoke(called: LambdaFunction, event: unknown): Promise<FunctionAnswer> {
    const before = this.turns.get(called.arn) ?? Promise.resolve();
    const turn = before.then(() => this.perform(called, event));
    this.turns.set(called.arn, turn);
    return turn;
  }

  async close(): Promise<void> {
    await Promise.all([...this.processes.values()].map((one) => one.end()));
  }

  private async attempt(called: LambdaFunction, event: unknown, retry: number): Promise<void> {
    const answer = await this.invoke(called, event);
    if (!('error' in answer)) return;
    const { clock, background } = this.services;
    if (retry >= called.retries) return this.giveUp(called, event, answer.error.errorMessage);
    const again = new Date(clock.now().getTime() + (retry + 1) * RETRY_DELAY_MS);
    clock.at(again, async () => {
      background.run(() => this.attempt(called, event, retry + 1));
      await background.settled();
    });
  }

  private async perform(called: LambdaFunction, event: unknown): Promise<FunctionAnswer> {
    const { iam, metrics, now } = this.services;
    const at = now();
    await iam.requireAssume('lambda.amazonaws.com', called.role);
    const answer = await (await this.processOf(called)).call(event, randomUUID(), at);
    this.invocations.push({ function: called.name, at, event, answer });
    const dimensions = { FunctionName: called.name };
    metrics.put('AWS/Lambda', 'Invocations', dimensions, at, 1, 'Count');
    metrics.put('AWS/Lambda', 'Errors', dimensions, at, 'error' in answer ? 1 : 0, 'Count');
    metrics.put('AWS/Lambda', 'Duration', dimensions, at, now().getTime() - at.getTime(), 'Milliseconds');
    return answer;
  }

  private async processOf(called: LambdaFunction): Promise<FunctionProcess> {
    const { logs, endpoints } = this.services;
    const known = this.processes.get(called.arn);
    if (known !== undefined) return known;
    const { role, logGroup, name, environment } = called;
    // Without the right to, nothing of it is logged, and it runs nevertheless.
    const isLogged = await logs.mayWrite({ kind: 'role', role }, logGroup);
    const env = { ...processEnvironment(endpoints(), role.credential), ...environment };
    const started = new FunctionProcess(called, env, (line) => isLogged && logs.write(logGroup, name, line));
    this.processes.set(called.arn, started);
    return started;
  }

  private async giveUp({ role, deadLetterQueue, name }: LambdaFunction, event: unknown, error: string): Promise<void> {
    const { queues, metrics, now } = this.services;
    if (deadLetterQueue === undefined) return;
    const attributes = { RequestID: randomUUID(), ErrorCode: '200', ErrorMessage: error };
    try {
      await queues.send({ kind: 'role', role }, deadLetterQueue, JSON.stringify(event), attributes);
    } catch (thrown) {
      if (!(thrown instanceof ServiceError)) throw thrown;
      metrics.put('AWS/Lambda', 'DeadLetterErrors', { FunctionName: name }, now(), 1, 'Count');
    }
  }
}

function policyOf({ permissions }: LambdaFunction): PolicyDocument | undefined {
  return permissions.length === 0 ? undefined : { Version: '2012-10-17', Statement: permissions };
}
