import type { ManagedRestoreRequest } from '../../../runtime/managed/restore/types';
import { restoreManaged } from '../../../runtime/managed/restore/restore-managed';
import { openRdsClient } from '../../../runtime/managed/rds-client';
import { BackupError } from '../../../runtime/errors';
import { silentReporter } from '../../../runtime/observe/reporter';
import { failureOf } from '../../support/failure-of';
import { ago } from './support/answers';
import { Refusal, startRdsApi, type Fields, type RdsApi } from './support/rds-api';
import { GROUPS, KEY, RestoringRds, SUBNETS } from './support/restoring-rds';

let api: RdsApi;
let rds: RestoringRds;

beforeAll(async () => {
  api = await startRdsApi();
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_RDS: api.endpoint,
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'example',
  });
});
afterAll(() => api.close());

beforeEach(() => {
  rds = new RestoringRds();
  rds.addInstance('orders');
  rds.addCluster('shop');
  rds.addInstance('shop-a', { DBClusterIdentifier: 'shop', DBInstanceClass: 'db.r8g.large' });
  api.actions = rds.actions;
  api.requests.splice(0);
});

const AT = new Date(ago(3));
const INSTANCE: ManagedRestoreRequest = {
  kind: 'instance',
  identifier: 'orders',
  newIdentifier: 'orders-restored',
  target: { kind: 'time', at: AT },
};
const CLUSTER: ManagedRestoreRequest = {
  kind: 'cluster',
  identifier: 'shop',
  newIdentifier: 'shop-restored',
  target: { kind: 'latest' },
};

async function restore(request: ManagedRestoreRequest, wait = (): Promise<void> => Promise.resolve()) {
  const client = await openRdsClient();
  const context = {
    client,
    wait,
    reporter: silentReporter,
    signal: new AbortController().signal,
    now: () => new Date(),
  };
  return restoreManaged(request, context).finally(() => client.destroy());
}

/** What was asked of AWS besides looking. */
function changes(): Fields[] {
  return api.requests.filter(({ Action }) => !Action.startsWith('Describe'));
}

test('an instance is restored to a moment with the settings of its source, protected against deletion', async () => {
  const report = await restore(INSTANCE);
  expect(report).toMatchObject({
    outcome: 'passed',
    begun: 'now',
    target: AT.toISOString(),
    endpoint: { host: 'orders-restored.c4xmpl.eu-central-1.rds.amazonaws.com', port: 5433 },
    differences: [],
  });
  expect(changes()).toEqual([
    expect.objectContaining({
      Action: 'RestoreDBInstanceToPointInTime',
      SourceDBInstanceIdentifier: 'orders',
      TargetDBInstanceIdentifier: 'orders-restored',
      RestoreTime: AT.toISOString(),
      DBSubnetGroupName: SUBNETS,
      'VpcSecurityGroupIds.VpcSecurityGroupId.1': GROUPS[0],
      'VpcSecurityGroupIds.VpcSecurityGroupId.2': GROUPS[1],
      DBParameterGroupName: 'orders-17',
      DBInstanceClass: 'db.t4g.medium',
      MultiAZ: 'true',
      DeletionProtection: 'true',
      BackupRetentionPeriod: '7',
    }),
  ]);
  // Of gp3, AWS tells what it refuses to be asked for below 400 GiB.
  expect(changes()[0]).not.toHaveProperty('Iops');
});

test('an Aurora cluster is restored, and given an instance like the one that writes, which is waited for', async () => {
  const report = await restore(CLUSTER);
  expect(report).toMatchObject({ outcome: 'passed', endpoint: { port: 5433 }, target: 'the newest moment' });
  const [cluster, instance] = changes();
  expect(cluster).toMatchObject({
    Action: 'RestoreDBClusterToPointInTime',
    SourceDBClusterIdentifier: 'shop',
    UseLatestRestorableTime: 'true',
    DBSubnetGroupName: SUBNETS,
    DBClusterParameterGroupName: 'shop-17',
    KmsKeyId: KEY,
    DeletionProtection: 'true',
    'ServerlessV2ScalingConfiguration.MaxCapacity': '8',
  });
  expect(instance).toMatchObject({
    Action: 'CreateDBInstance',
    DBInstanceIdentifier: 'shop-restored-1',
    DBClusterIdentifier: 'shop-restored',
    DBInstanceClass: 'db.r8g.large',
    Engine: 'aurora-postgresql',
  });
  const lastOfInstance = api.requests.filter((asked) => asked.DBInstanceIdentifier === 'shop-restored-1').length;
  expect(lastOfInstance).toBeGreaterThan(rds.states.length);
});

test('a Multi-AZ DB cluster comes with its instances: none is asked for', async () => {
  rds.addCluster('shop', { Engine: 'postgres', DBClusterInstanceClass: 'db.m6gd.large' });
  expect(await restore(CLUSTER)).toMatchObject({ outcome: 'passed' });
  expect(changes()).toMatchObject([{ DBClusterInstanceClass: 'db.m6gd.large' }]);
});

test.each([
  ['an instance', INSTANCE],
  ['a cluster', CLUSTER],
])('a restore of %s that was left is followed on by the same command, wherever it was', async (_what, request) => {
  const looks = { left: 0 };
  // Left after each number of waits in turn, until one run comes to the end.
  for (let patience = 0; ; patience += 1) {
    looks.left = patience;
    const ended = await restore(request, () =>
      looks.left-- > 0 ? Promise.resolve() : Promise.reject(new BackupError('terminated', 'left')),
    ).catch((thrown: unknown) => thrown);
    if (!(ended instanceof Error)) {
      expect(ended).toMatchObject({ outcome: 'passed', begun: patience === 0 ? 'now' : 'before', differences: [] });
      break;
    }
    expect(ended).toMatchObject({ code: 'terminated' });
  }
  const asked = changes().map(({ Action }) => Action);
  expect(asked).toEqual([...new Set(asked)]);
});

test('the newest moment of a restore that was begun before is that of then, which is said', async () => {
  expect((await restore(CLUSTER)).warnings).toEqual([]);
  const again = await restore(CLUSTER);
  expect(again).toMatchObject({ outcome: 'passed', begun: 'before' });
  expect(again.warnings).toEqual([
    expect.stringMatching(/^an earlier run began it, made \d{4}-.*Z: the newest moment is that of then$/),
  ]);
});

test('a database of the new name that another made is never touched', async () => {
  rds.addInstance('orders-restored');
  expect(await failureOf(restore(INSTANCE))).toMatchObject({ code: 'target-not-empty' });
  expect(changes()).toEqual([]);
});

test('a restore to another moment is not taken for this one', async () => {
  await restore(INSTANCE);
  const other: ManagedRestoreRequest = { ...INSTANCE, target: { kind: 'latest' } };
  expect(await failureOf(restore(other))).toMatchObject({
    code: 'target-not-empty',
    detail: expect.stringContaining(AT.toISOString()) as string,
  });
});

test('somebody who takes the name between the look and the request is not followed', async () => {
  const { RestoreDBInstanceToPointInTime: begin } = rds.actions;
  api.actions = {
    ...rds.actions,
    RestoreDBInstanceToPointInTime: (fields) => {
      rds.addInstance('orders-restored');
      return begin(fields);
    },
  };
  expect(await failureOf(restore(INSTANCE))).toMatchObject({ code: 'target-not-empty' });
});

test('a request whose answer was lost is not taken for a failure', async () => {
  const { RestoreDBInstanceToPointInTime: begin } = rds.actions;
  let lost = 0;
  api.actions = {
    ...rds.actions,
    RestoreDBInstanceToPointInTime: (fields) => {
      const answer = begin(fields);
      if (lost++ === 0) throw new Refusal('InternalFailure', 'lost', 500);
      return answer;
    },
  };
  expect(await restore(INSTANCE)).toMatchObject({ outcome: 'passed' });
});

test.each([
  [
    'later than the newest',
    { target: { kind: 'time', at: new Date(ago(0.01)) } },
    /newest moment that can be restored/,
  ],
  [
    'earlier than the oldest',
    { target: { kind: 'time', at: new Date(ago(400)) } },
    /oldest moment that can be restored/,
  ],
] as const)('a moment %s is refused before AWS is asked', async (_what, changed, detail) => {
  for (const request of [INSTANCE, CLUSTER]) {
    expect(await failureOf(restore({ ...request, ...changed }))).toMatchObject({
      code: 'point-missing',
      detail: expect.stringMatching(detail) as string,
    });
  }
  expect(changes()).toEqual([]);
});

test('without automated backups there is no window', async () => {
  rds.addInstance('orders', { BackupRetentionPeriod: '0', LatestRestorableTime: undefined });
  expect(await failureOf(restore(INSTANCE))).toMatchObject({ code: 'point-missing' });
});

test('of an instance of a cluster the cluster has the window', async () => {
  const failure = await failureOf(restore({ ...INSTANCE, identifier: 'shop-a' }));
  expect(failure).toMatchObject({ code: 'configuration-invalid', hint: expect.stringContaining('shop') as string });
  expect(changes()).toEqual([]);
});

test('a source that is not there is named', async () => {
  expect(await failureOf(restore({ ...INSTANCE, identifier: 'nobody' }))).toMatchObject({
    code: 'database-missing',
    message: expect.stringContaining('"nobody"') as string,
  });
});

test.each([
  'failed',
  'incompatible-restore',
  'incompatible-network',
  'incompatible-parameters',
  'inaccessible-encryption-credentials',
  'insufficient-capacity',
  'storage-full',
  'deleting',
  'stopped',
])('what becomes "%s" has failed, in the word of AWS', async (state) => {
  rds.states = ['creating', state];
  const failure = await failureOf(restore(INSTANCE));
  expect(failure).toMatchObject({ code: 'restore-failed', message: expect.stringContaining(`"${state}"`) as string });
});

test('an instance of the new cluster that fails makes the restore fail', async () => {
  const { CreateDBInstance: create } = rds.actions;
  api.actions = {
    ...rds.actions,
    CreateDBInstance: (fields) => {
      rds.states = ['creating', 'insufficient-capacity'];
      return create(fields);
    },
  };
  expect(await failureOf(restore(CLUSTER))).toMatchObject({
    code: 'restore-failed',
    message: expect.stringContaining('shop-restored-1') as string,
  });
});

test('what was there and is gone has failed; what AWS does not tell of yet is waited for', async () => {
  const { DescribeDBInstances: describe } = rds.actions;
  const unseen = { looks: 0 };
  api.actions = {
    ...rds.actions,
    DescribeDBInstances: (fields) => {
      if (fields.DBInstanceIdentifier === 'orders-restored' && unseen.looks++ < 3) {
        throw new Refusal('DBInstanceNotFound', 'not yet', 404);
      }
      return describe(fields);
    },
  };
  expect(await restore(INSTANCE)).toMatchObject({ outcome: 'passed' });

  const other = { ...INSTANCE, newIdentifier: 'orders-again' };
  rds.states = ['creating', 'creating'];
  const waits = { left: 2 };
  const failure = await failureOf(
    restore(other, () => {
      if (waits.left-- === 0) rds.instances.delete('orders-again');
      return Promise.resolve();
    }),
  );
  expect(failure).toMatchObject({ code: 'restore-failed', message: expect.stringContaining('any more') as string });
});

test.each([
  ['security groups', { VpcSecurityGroups: '' }],
  ['subnet group', { DBSubnetGroup: '<DBSubnetGroupName>default</DBSubnetGroupName>' }],
  ['parameter group', { DBParameterGroups: '' }],
  ['encryption key', { StorageEncrypted: 'false' }],
  ['deletion protection', { DeletionProtection: 'false' }],
  ['days that automated backups are kept', { BackupRetentionPeriod: '0' }],
])('a new database whose %s are not those of its source has failed', async (name, instead) => {
  rds.instead = instead;
  const report = await restore(INSTANCE);
  expect(report.outcome).toBe('failed');
  expect(report.differences).toEqual([expect.stringContaining(name)]);
});

test.each([
  ['no right', 'AccessDenied', 403, 'store-denied'],
  ['a quota', 'InstanceQuotaExceeded', 400, 'restore-failed'],
])('%s: the request fails with AWS’s own words', async (_what, code, status, expected) => {
  const refuse = () => {
    throw new Refusal(code, 'so says AWS', status);
  };
  api.actions = { ...rds.actions, RestoreDBInstanceToPointInTime: refuse };
  expect(await failureOf(restore(INSTANCE))).toMatchObject({
    code: expected,
    detail: expect.stringContaining('so says AWS') as string,
  });
});
