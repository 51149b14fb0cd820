/** Who may have AWS restore: as much as a restore needs, tried by one with the rights of the template, and no more. */
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import { ManagedDatabase, ManagedRestoreAccess, type ManagedRestoreAccessProps } from '../../lib';
import { openRdsClient } from '../../runtime/managed/rds-client';
import { restoreManaged } from '../../runtime/managed/restore/restore-managed';
import type { ManagedRestoreRequest } from '../../runtime/managed/restore/types';
import { silentReporter } from '../../runtime/observe/reporter';
import { Refusal, startRdsApi, type Fields, type RdsApi } from '../runtime/managed/support/rds-api';
import { RestoringRds } from '../runtime/managed/support/restoring-rds';
import { failureOf } from '../support/failure-of';
import { permissions, type Permission } from './support/policies';

process.env.CDK_VALIDATION = 'false';

const INSTANCE = ManagedDatabase.fromInstanceIdentifier('orders');
const CLUSTER = ManagedDatabase.fromClusterIdentifier('shop');

let api: RdsApi;

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

function rightsOf(database: ManagedDatabase, props: Partial<ManagedRestoreAccessProps> = {}): Permission[] {
  const stack = new Stack(new App(), 'Shop', { env: { account: '111122223333', region: 'eu-central-1' } });
  const role = new iam.Role(stack, 'Role', { assumedBy: new iam.AccountRootPrincipal() });
  new ManagedRestoreAccess(stack, 'Access', { database, role, ...props });
  return permissions(Template.fromStack(stack)).filter(({ action }) => action !== 'sts:AssumeRole');
}

/** What AWS asks IAM for: the action on each thing that it touches. Kind and name, as at the end of an ARN. */
function neededFor(asked: Fields): { action: string; resource: string }[] {
  const named = (action: string, ...resources: (string | undefined | false)[]) =>
    resources.flatMap((resource) => (resource ? [{ action: `rds:${action}`, resource }] : []));
  const [db, cluster] = [asked.DBInstanceIdentifier, asked.DBClusterIdentifier];
  const subnets = asked.DBSubnetGroupName && `subgrp:${asked.DBSubnetGroupName}`;
  const parameters = asked.DBParameterGroupName && `pg:${asked.DBParameterGroupName}`;
  switch (asked.Action) {
    case 'RestoreDBInstanceToPointInTime': {
      const made = `db:${asked.TargetDBInstanceIdentifier}`;
      const source = `db:${asked.SourceDBInstanceIdentifier}`;
      return [...named(asked.Action, source, made, subnets, parameters), ...named('AddTagsToResource', made)];
    }
    case 'RestoreDBClusterToPointInTime': {
      const group = `cluster-pg:${asked.DBClusterParameterGroupName}`;
      const [source, made] = [`cluster:${asked.SourceDBClusterIdentifier}`, `cluster:${cluster}`];
      return [...named(asked.Action, source, made, subnets, group), ...named('AddTagsToResource', made)];
    }
    case 'CreateDBInstance':
      return [
        ...named(asked.Action, `db:${db}`, `cluster:${cluster}`, parameters),
        ...named('AddTagsToResource', `db:${db}`),
      ];
    default:
      return named(asked.Action, db === undefined ? `cluster:${cluster}` : `db:${db}`);
  }
}

function isAllowed(rights: readonly Permission[], needed: { action: string; resource: string }): boolean {
  const patterns = rights
    .filter(({ action }) => action === needed.action)
    .flatMap(({ resource }) => [...resource.matchAll(/:rds:eu-central-1:111122223333:([^"]+)"/g)]);
  return patterns.some(([, pattern]) => new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(needed.resource));
}

async function restore(rights: readonly Permission[], request: ManagedRestoreRequest) {
  const rds = new RestoringRds();
  rds.addInstance('orders');
  rds.addCluster('shop');
  rds.addInstance('shop-a', { DBClusterIdentifier: 'shop' });
  const guarded = Object.entries(rds.actions).map(([name, action]) => [
    name,
    (fields: Fields) => {
      const missing = neededFor(fields).find((needed) => !isAllowed(rights, needed));
      if (missing) throw new Refusal('AccessDenied', `not authorized: ${missing.action} on ${missing.resource}`, 403);
      return action(fields);
    },
  ]);
  api.actions = Object.fromEntries(guarded) as RdsApi['actions'];
  const client = await openRdsClient();
  const { signal } = new AbortController();
  const context = { client, reporter: silentReporter, signal, now: () => new Date(), wait: async () => undefined };
  return restoreManaged(request, context).finally(() => client.destroy());
}

const TO_LATEST = { target: { kind: 'latest' } } as const;
const OF_INSTANCE = { kind: 'instance', identifier: 'orders', newIdentifier: 'orders-restored', ...TO_LATEST } as const;
const OF_CLUSTER = { kind: 'cluster', identifier: 'shop', newIdentifier: 'shop-restored', ...TO_LATEST } as const;

test.each([
  ['an instance', INSTANCE, OF_INSTANCE],
  ['a cluster', CLUSTER, OF_CLUSTER],
])('with these rights AWS restores %s', async (_what, database, request) => {
  expect(await restore(rightsOf(database), request)).toMatchObject({ outcome: 'passed' });
});

test('neither another database, nor into another name', async () => {
  const rights = rightsOf(INSTANCE);
  const denied = { code: 'store-denied' };
  expect(await failureOf(restore(rights, { ...OF_INSTANCE, newIdentifier: 'billing' }))).toMatchObject(denied);
  expect(await failureOf(restore(rights, { ...OF_INSTANCE, identifier: 'shop-a' }))).toMatchObject(denied);
  expect(await failureOf(restore(rights, OF_CLUSTER))).toMatchObject(denied);
  const named = rightsOf(INSTANCE, { newNamesBeginWith: 'drill-' });
  expect(await restore(named, { ...OF_INSTANCE, newIdentifier: 'drill-7' })).toMatchObject({ outcome: 'passed' });
});

test('nothing is changed or deleted by them, and a key is lent to AWS alone', () => {
  const key = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
  const stack = new Stack(new App(), 'Keys');
  const encryptionKey = kms.Key.fromKeyArn(stack, 'Key', key);
  const actions = [INSTANCE, CLUSTER].flatMap((database) => rightsOf(database)).map(({ action }) => action);
  expect([...new Set(actions)].sort()).toEqual([
    'rds:AddTagsToResource',
    'rds:CreateDBInstance',
    'rds:DescribeDBClusters',
    'rds:DescribeDBInstanceAutomatedBackups',
    'rds:DescribeDBInstances',
    'rds:RestoreDBClusterToPointInTime',
    'rds:RestoreDBInstanceToPointInTime',
  ]);
  const withKey = rightsOf(INSTANCE, { encryptionKey }).filter(({ action }) => action.startsWith('kms:'));
  expect(withKey.map(({ action }) => action)).toEqual(['kms:DescribeKey', 'kms:CreateGrant']);
});

test.each(['', '*', 'Orders', '-a'])('new names that begin with %j are refused', (newNamesBeginWith) => {
  expect(() => rightsOf(INSTANCE, { newNamesBeginWith })).toThrow(/newNamesBeginWith/);
});
