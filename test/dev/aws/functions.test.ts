/** Functions and schedules as AWS runs them: a process each, its time-out, tries again, and the queue for what was given up. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Cloud, describeUse, type ServiceError } from '../../../dev/aws';
import type { LambdaFunction } from '../../../dev/aws/services/functions';
import type { PolicyDocument } from '../../../dev/aws/iam/policy';
import type { Queue } from '../../../dev/aws/services/queues';

const START = new Date('2026-02-28T23:50:00Z');
const LOG = { name: 'log', arn: 'arn:aws:logs:eu-central-1:111122223333:log-group:log:*' };
const QUEUE = 'arn:aws:sqs:eu-central-1:111122223333:dead';
const TOPIC = 'arn:aws:sns:eu-central-1:111122223333:topic';

/** What each event asks for is done. */
const CODE = `
let calls = 0;
exports.handler = async (event, context) => {
  calls += 1;
  if (event.print) process.stdout.write(event.print);
  if (event.exit !== undefined) process.exit(event.exit);
  if (event.hang) await new Promise(() => setInterval(() => {}, 1000));
  if (event.fail) throw new TypeError(event.fail);
  return { calls, now: new Date().toISOString(), left: context.getRemainingTimeInMillis() > 0, key: process.env.AWS_ACCESS_KEY_ID };
};`;

let folder: string;
let cloud: Cloud;
let queue: Queue;
let called: LambdaFunction;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'postgres-backup-function-'));
  await writeFile(path.join(folder, 'index.js'), CODE);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

beforeEach(async () => {
  cloud = await Cloud.start({ start: START });
  cloud.logs.add(LOG);
  queue = cloud.queues.add({ arn: QUEUE, name: 'dead', url: 'https://dead', visibilityTimeoutMs: 0 });
  called = cloud.functions.add({
    name: 'work',
    arn: 'arn:aws:lambda:eu-central-1:111122223333:function:work',
    folder,
    handler: 'index.handler',
    timeoutMs: 2_000,
    environment: {},
    role: role('worker', 'lambda.amazonaws.com', ['logs:CreateLogStream', 'logs:PutLogEvents', 'sqs:SendMessage']),
    logGroup: LOG.name,
    deadLetterQueue: QUEUE,
  });
});
afterEach(() => cloud.close());

function role(name: string, serviceName: string, actions: string[]) {
  const trust: PolicyDocument = {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { Service: serviceName }, Action: 'sts:AssumeRole' }],
  };
  const made = cloud.iam.addRole(name, trust);
  const Statement = [{ Effect: 'Allow' as const, Action: actions, Resource: '*' }];
  made.policies.push({ name: 'all', document: { Version: '2012-10-17', Statement } });
  return made;
}

const minutesLater = (count: number): Date => new Date(START.getTime() + count * 60_000);

const sumOf = (namespace: string, name: string, dimensions: Record<string, string>): number | undefined =>
  cloud.metrics.over(
    { namespace, name, dimensions, statistic: 'Sum', periodSeconds: 86_400 },
    START.getTime(),
    START.getTime() + 86_400_000,
  );

test('a function sees the moved time and its role, and its process is used again', async () => {
  const first = await cloud.functions.invoke(called, {});
  expect(first).toMatchObject({ result: { calls: 1, left: true, key: called.role.credential.accessKeyId } });
  await cloud.advanceTo(minutesLater(30));
  const second = await cloud.functions.invoke(called, {});
  expect(second).toMatchObject({ result: { calls: 2, now: expect.stringMatching(/^2026-03-01T00:2/) as string } });
});

test('every line of a call is in the log when it is over, and a metric in it is kept', async () => {
  const emf = (value: number) =>
    JSON.stringify({
      _aws: {
        Timestamp: START.getTime(),
        CloudWatchMetrics: [{ Namespace: 'N', Dimensions: [[]], Metrics: [{ Name: 'M' }] }],
      },
      M: value,
    });
  // Long enough to be on its way still when the answer comes.
  const long = 'x'.repeat(50_000);
  for (let call = 0; call < 20; call++) {
    await cloud.functions.invoke(called, { print: `${long}\n${emf(call)}\n` });
    expect(cloud.logs.of('log')).toHaveLength(2 * (call + 1));
  }
  expect(sumOf('N', 'M', {})).toBe(190);
  await cloud.functions.invoke(called, { print: '{"_aws":{}}\n' });
  expect(cloud.refusedMetrics).toEqual([expect.stringContaining('_aws has no Timestamp') as string]);
});

test.each([
  ['throws', { fail: 'no' }, { errorType: 'TypeError', errorMessage: 'no' }],
  ['exits', { exit: 3 }, { errorType: 'Runtime.ExitError', errorMessage: 'Runtime exited with 3' }],
  ['hangs', { hang: true }, { errorType: 'Sandbox.Timedout', errorMessage: 'Task timed out after 2.00 seconds' }],
])('a function that %s has failed, and works again with the next event', async (_how, event, error) => {
  expect(await cloud.functions.invoke(called, event)).toEqual({ error });
  expect(await cloud.functions.invoke(called, {})).toHaveProperty('result');
  expect(sumOf('AWS/Lambda', 'Errors', { FunctionName: 'work' })).toBe(1);
  expect(sumOf('AWS/Lambda', 'Invocations', { FunctionName: 'work' })).toBe(2);
});

test('what a function takes to load does not count for its timeout, so that a busy machine ends no event', async () => {
  const slow = path.join(folder, 'slow');
  await mkdir(slow);
  const load = 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2_500);';
  await writeFile(path.join(slow, 'index.js'), `${load}${CODE}`);
  const starting = cloud.functions.add({ ...called, name: 'slow', arn: `${called.arn}-slow`, folder: slow });
  expect(await cloud.functions.invoke(starting, {})).toMatchObject({ result: { calls: 1, left: true } });
});

test('an event that fails is tried again twice on the clock, and then kept in the queue', async () => {
  await accept({ fail: 'always' });
  await cloud.background.settled();
  expect([cloud.functions.invocations.length, queue.messages.length]).toEqual([1, 0]);
  await cloud.advanceTo(minutesLater(1));
  expect([cloud.functions.invocations.length, queue.messages.length]).toEqual([2, 0]);
  await cloud.advanceTo(minutesLater(3));
  expect(cloud.functions.invocations).toHaveLength(3);
  expect(queue.messages).toMatchObject([{ body: '{"fail":"always"}', attributes: { ErrorMessage: 'always' } }]);
  await cloud.advanceTo(minutesLater(60));
  expect(cloud.functions.invocations).toHaveLength(3);
});

test('a service calls a function only with the permission that names what it calls for', async () => {
  const refused = await accept({}).catch((error: unknown) => (error as ServiceError).code);
  expect(refused).toBeUndefined();
  const other = await accept({}, 'arn:aws:sns:eu-central-1:111122223333:other').catch((error: unknown) => error);
  expect(other).toMatchObject({ code: 'AccessDeniedException' });
  await cloud.background.settled();
  expect(cloud.functions.invocations).toHaveLength(1);
});

async function accept(event: unknown, topic = TOPIC): Promise<void> {
  called.permissions.splice(0, Infinity, {
    Effect: 'Allow',
    Principal: { Service: 'sns.amazonaws.com' },
    Action: 'lambda:InvokeFunction',
    Resource: called.arn,
    Condition: { ArnLike: { 'aws:SourceArn': TOPIC } },
  });
  await cloud.functions.accept({ kind: 'service', name: 'sns.amazonaws.com' }, called.arn, event, topic);
}

describe('a schedule', () => {
  const group = { name: 'group', arn: 'arn:aws:scheduler:eu-central-1:111122223333:schedule-group/group' };
  const count = (metric: string) => sumOf('AWS/Scheduler', metric, { ScheduleGroup: 'group' });
  const add = (actions: string[], maximumAgeMs = 600_000) =>
    cloud.scheduler.add({
      arn: 'arn:aws:scheduler:eu-central-1:111122223333:schedule/group/nightly',
      name: 'nightly',
      group,
      expression: 'cron(0 2 * * ? *)',
      timeZone: 'Europe/Berlin',
      isEnabled: true,
      target: { arn: called.arn },
      role: role('starter', 'scheduler.amazonaws.com', actions),
      input: '{"print":"<aws.scheduler.scheduled-time> <aws.scheduler.attempt-number>\\n"}',
      deadLetterQueue: QUEUE,
      maximumRetries: 185,
      maximumAgeMs,
    });
  const FIRED = new Date('2026-03-01T01:00:00Z');

  test('fires in its time zone, and says for when', async () => {
    add(['lambda:InvokeFunction']);
    await cloud.advanceTo(new Date(FIRED.getTime() - 1));
    expect(cloud.functions.invocations).toHaveLength(0);
    await cloud.advanceTo(FIRED);
    expect(cloud.logs.of('log')).toEqual(['2026-03-01T01:00:00Z 1']);
  });

  test('that is refused is tried again until its time is over, and then kept in the queue and counted', async () => {
    add(['sqs:SendMessage']);
    await cloud.advanceTo(new Date(FIRED.getTime() + 3_600_000));
    expect(cloud.functions.invocations).toHaveLength(0);
    expect(count('TargetErrorCount')).toBeGreaterThan(3);
    expect([count('InvocationDroppedCount'), count('InvocationsSentToDeadLetterCount')]).toEqual([1, 1]);
    expect(queue.messages).toMatchObject([
      { attributes: { ERROR_MESSAGE: expect.stringContaining('lambda:InvokeFunction') as string } },
    ]);
    expect(describeUse(cloud).refused).toEqual([`starter: lambda:InvokeFunction on ${called.arn}, not allowed`]);
  });

  test('whose queue refuses it, too, is counted as that', async () => {
    add([]);
    await cloud.advanceTo(new Date(FIRED.getTime() + 3_600_000));
    expect(queue.messages).toEqual([]);
    expect(count('InvocationsFailedToBeSentToDeadLetterCount')).toBe(1);
  });
});
