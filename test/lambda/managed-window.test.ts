/**
 * The function that watches a managed window as it is deployed: the bundled code, loaded by a Node of its own, with the
 * environment and no more rights than the synthesised template gives it.
 */
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as sns from 'aws-cdk-lib/aws-sns';
import { ManagedDatabase, ManagedWindow } from '../../lib';
import { ENVIRONMENT, FUNCTION_ENVIRONMENT, METRICS } from '../../model';
import { permissions } from '../lib/support/policies';
import { CLUSTER_ACTIONS, instance, INSTANCE_ACTIONS } from '../runtime/managed/support/answers';
import { Refusal, startRdsApi, type Fields, type RdsApi } from '../runtime/managed/support/rds-api';
import { callFunction } from './support/call-function';

process.env.CDK_VALIDATION = 'false';

const ARN = 'arn:aws:rds:eu-central-1:111122223333:';

interface Deployed {
  readonly environment: Record<string, string>;
  /** Action and ARN, one in a line. */
  readonly rights: readonly string[];
}

const instanceWatch = deployed(ManagedDatabase.fromInstanceIdentifier('orders'));
const clusterWatch = deployed(ManagedDatabase.fromClusterIdentifier('shop'));
let api: RdsApi;

beforeAll(async () => void (api = await startRdsApi()));
afterAll(() => api.close());
beforeEach(() => void api.requests.splice(0));

function deployed(database: ManagedDatabase): Deployed {
  const stack = new Stack(new App(), 'Shop', { env: { account: '111122223333', region: 'eu-central-1' } });
  const topic = new sns.Topic(stack, 'Topic');
  new ManagedWindow(stack, 'Window', { sourceName: 'orders', database, topic });
  const template = Template.fromStack(stack);
  const [{ Properties }] = Object.values(template.findResources('AWS::Lambda::Function')) as {
    Properties: { Environment: { Variables: Record<string, string> } };
  }[];
  const rights = permissions(template)
    .filter(({ action }) => action.startsWith('rds:'))
    .map(({ action, resource }) => `${action} arn:aws${/(:rds:[^"]*)"/.exec(resource)?.[1]}`);
  return { environment: Properties.Environment.Variables, rights };
}

/** What was asked, as IAM sees it: checked against the database that it names. */
function rightFor({ Action, DBInstanceIdentifier, DBClusterIdentifier }: Fields): string {
  const named = DBInstanceIdentifier ? `db:${DBInstanceIdentifier}` : `cluster:${DBClusterIdentifier ?? '*'}`;
  return `rds:${Action} ${ARN}${named}`;
}

/** Answers what the template's rights allow, and refuses the rest. */
function allow({ rights }: Deployed, actions: RdsApi['actions']): void {
  const guarded = Object.entries(actions).map(([name, action]) => [
    name,
    (fields: Fields) => {
      if (rights.includes(rightFor(fields))) return action(fields);
      throw new Refusal('AccessDenied', `not authorized to perform ${rightFor(fields)}`, 403);
    },
  ]);
  api.actions = Object.fromEntries(guarded) as RdsApi['actions'];
}

const invoke = (environment: Record<string, string>) =>
  callFunction('managed-window', { AWS_ENDPOINT_URL_RDS: api.endpoint, ...environment });

/** The line that CloudWatch reads as metrics. */
function metricsIn(stdout: string): Record<string, unknown> {
  const lines = stdout.trim().split('\n');
  const metrics = lines.map((line) => JSON.parse(line) as Record<string, unknown>).filter((line) => '_aws' in line);
  expect(metrics).toHaveLength(1);
  return metrics[0];
}

test.each([
  ['an instance', instanceWatch, INSTANCE_ACTIONS],
  ['a cluster', clusterWatch, { ...CLUSTER_ACTIONS }],
])(
  'with the rights of the template the window of %s is watched, and each right is used',
  async (_kind, watch, answers) => {
    const promised = JSON.parse(watch.environment[FUNCTION_ENVIRONMENT.managedWindow]) as { kind: string };
    allow(watch, answers);
    const { code, stdout, stderr } = await invoke(watch.environment);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(metricsIn(stdout)).toMatchObject({
      Source: 'orders',
      Component: 'wal',
      [METRICS.managedRestorableAge.name]: expect.any(Number) as number,
      [METRICS.managedSnapshotAge.name]: expect.any(Number) as number,
      [METRICS.managedFindings.name]: 0,
    });
    expect(stdout).toContain(`"kind":"${promised.kind}"`);
    expect([...new Set(api.requests.map(rightFor))].sort()).toEqual([...watch.rights].sort());
  },
);

test('drift is told in the log, and counted', async () => {
  const drifted = () => instance({ DeletionProtection: 'false', BackupRetentionPeriod: '1' });
  allow(instanceWatch, { ...INSTANCE_ACTIONS, DescribeDBInstances: drifted });
  const { code, stdout } = await invoke(instanceWatch.environment);
  expect(code).toBe(0);
  expect(stdout).toContain('automated backups are kept for 1 day, but 7 days are promised');
  expect(stdout).toContain('"kind":"deletion-protection","outcome":"failed"');
  expect(metricsIn(stdout)).toMatchObject({ [METRICS.managedFindings.name]: 2 });
});

test('what it may not ask ends it with an error, and nothing is published', async () => {
  allow({ ...instanceWatch, rights: instanceWatch.rights.slice(0, 2) }, INSTANCE_ACTIONS);
  const { code, stdout, stderr } = await invoke(instanceWatch.environment);
  expect({ code, stdout, stderr }).toEqual({
    code: 1,
    stdout: '',
    stderr: 'Amazon RDS could not be asked about the instance "orders"',
  });
});

test.each([
  [{ [ENVIRONMENT.source]: '' }, `environment variable ${ENVIRONMENT.source} is not set`],
  [{ [ENVIRONMENT.source]: 'Not A Name' }, `${ENVIRONMENT.source} is "Not A Name"`],
  [
    { [FUNCTION_ENVIRONMENT.managedWindow]: '' },
    `environment variable ${FUNCTION_ENVIRONMENT.managedWindow} is not set`,
  ],
  [{ [FUNCTION_ENVIRONMENT.managedWindow]: '{' }, `${FUNCTION_ENVIRONMENT.managedWindow} is "{"`],
])('a wrong setting (%j) ends it before anything is asked', async (wrong, message) => {
  const { code, stdout, stderr } = await invoke({ ...instanceWatch.environment, ...wrong });
  expect({ code, stdout, stderr }).toEqual({ code: 1, stdout: '', stderr: message });
  expect(api.requests).toEqual([]);
});
