/**
 * The verifying function as it is deployed: the bundled code, loaded by a Node of its own, with the environment and no more
 * rights than the synthesised template gives it, against an S3 server that encrypts and locks.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { App, Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { startS3Server, type AuthorizationRequest, type S3Server } from '../../dev/s3';
import { BackupComponent, BackupVault, Verification, VaultLock } from '../../lib';
import { EXPIRY_TAG } from '../../model';
import { readVerification } from '../../runtime/catalog/verification-record';
import { openS3Store } from '../../runtime/store/s3-store';
import type { ObjectStore } from '../../runtime/store/store';
import { storePoint, type MadePoint, type PointSettings } from '../runtime/verification/support';
import { callFunction, FUNCTION } from './support/call-function';

process.env.CDK_VALIDATION = 'false';

const BUCKET = 'acme-backups';
const KEY = 'arn:aws:kms:us-east-1:111122223333:key/11111111-2222-3333-4444-555555555555';

interface Statement {
  readonly Effect: 'Allow' | 'Deny';
  readonly Action: string | string[];
  readonly Resource: string | string[];
  readonly Condition?: { readonly StringLike?: Readonly<Record<string, string[]>> };
}

let deployed: { readonly statements: readonly Statement[]; readonly environment: Record<string, string> };
let directory: string;
let s3: S3Server;
let owner: ObjectStore;
let refused: string[] = [];
const used = new Set<string>();

beforeAll(async () => {
  deployed = synthesise();
  directory = await mkdtemp(path.join(tmpdir(), 'postgres-backup-function-'));
  s3 = await startS3Server({ directory, credentials: [FUNCTION], authorize });
  await s3.createBucket(BUCKET, {
    versioning: true,
    objectLock: true,
    documents: {
      encryption: `<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>aws:kms</SSEAlgorithm><KMSMasterKeyID>${KEY}</KMSMasterKeyID></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>`,
      'object-lock':
        '<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention><Mode>GOVERNANCE</Mode><Days>14</Days></DefaultRetention></Rule></ObjectLockConfiguration>',
    },
  });
  owner = openS3Store(`s3://${BUCKET}`, { endpoint: s3.endpoint, region: s3.region, credentials: s3.credentials });
});

afterAll(async () => {
  await s3.close();
  await rm(directory, { recursive: true, force: true });
});

beforeEach(() => (refused = []));

/** What the template gives the function, with the names that a deployment would put in. */
function synthesise(): typeof deployed {
  const stack = new Stack(new App(), 'Shop');
  const vault = new BackupVault(stack, 'Vault', {
    bucketName: BUCKET,
    encryptionKey: kms.Key.fromKeyArn(stack, 'Key', KEY),
    lock: VaultLock.governance(Duration.days(14)),
  });
  new Verification(stack, 'Verification', {
    vault,
    sourceName: 'orders',
    component: BackupComponent.DUMP,
    encryptionKey: new kms.Key(stack, 'LogKey'),
    deadLetterQueue: new sqs.Queue(stack, 'DeadLetters'),
    minimumRows: 100,
  });
  const template = Template.fromStack(stack);
  const policies = Object.entries(template.findResources('AWS::IAM::Policy'));
  const [, policy] = policies.find(([id]) => id.startsWith('VerificationFunctionRole')) as [string, object];
  const [verifier] = Object.values(template.findResources('AWS::Lambda::Function')) as object[];
  const { Properties: role } = resolve(policy) as {
    Properties: { PolicyDocument: { Statement: Statement[] } };
  };
  const { Properties: code } = resolve(verifier) as {
    Properties: { Environment: { Variables: Record<string, string> } };
  };
  return { statements: role.PolicyDocument.Statement, environment: code.Environment.Variables };
}

/** Of the intrinsic functions, those that stand in these two resources. */
function resolve(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(resolve);
  if (typeof value !== 'object' || value === null) return value;
  const [name, argument] = Object.entries(value as Record<string, unknown>)[0] ?? [];
  if (name === 'Fn::Join') return (resolve(argument) as [string, string[]])[1].join('');
  if (name === 'Fn::GetAtt')
    return String((argument as string[])[0]).startsWith('VaultBucket') ? `arn:aws:s3:::${BUCKET}` : 'arn:x';
  if (name === 'Ref') return String(argument).startsWith('VaultBucket') ? BUCKET : String(argument);
  return Object.fromEntries(Object.entries(value).map(([field, inner]) => [field, resolve(inner)]));
}

function authorize(request: AuthorizationRequest): boolean {
  if (request.accessKeyId !== FUNCTION.accessKeyId) return true;
  const matching = deployed.statements.filter((statement) => covers(statement, request));
  const allowed = matching.length > 0 && matching.every(({ Effect }) => Effect === 'Allow');
  if (allowed) used.add(request.action);
  else refused.push(`${request.action} ${request.key ?? ''}`);
  return allowed;
}

function covers({ Action, Resource, Condition }: Statement, { action, bucket, key, conditions }: AuthorizationRequest) {
  const arn = `arn:aws:s3:::${bucket}${key === undefined ? '' : `/${key}`}`;
  return (
    [Action].flat().some((pattern) => like(pattern, action)) &&
    [Resource].flat().some((pattern) => like(pattern, arn)) &&
    Object.entries(Condition?.StringLike ?? {}).every(([name, patterns]) =>
      patterns.some((pattern) => like(pattern, conditions[name] ?? '')),
    )
  );
}

function like(pattern: string, text: string): boolean {
  const source = pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&').replace(/\*/g, '.*');
  return new RegExp(`^${source}$`).test(text);
}

async function invoke(event: unknown, environment: Record<string, string> = {}) {
  const given = { ...deployed.environment, AWS_ENDPOINT_URL_S3: s3.endpoint, AWS_REGION: s3.region, ...environment };
  const { code, stderr, lines } = await callFunction('verify', given, [event]);
  return { code, stderr, lines: lines() };
}

function created({ prefix }: MadePoint) {
  return {
    'detail-type': 'Object Created',
    source: 'aws.s3',
    detail: { bucket: { name: BUCKET }, object: { key: `${prefix}manifest.json` } },
  };
}

function point(day: number, settings: PointSettings = {}) {
  return storePoint(owner, { time: `2026-01-${String(day).padStart(2, '0')}T02:00:00Z`, ...settings });
}

test('a new recovery point is verified with the rights of the template, all of it', async () => {
  const made = await point(1);
  const { code, lines, stderr } = await invoke(created(made));
  expect({ code, stderr, refused }).toEqual({ code: 0, stderr: '', refused: [] });
  expect(await readVerification(owner, made.prefix)).toMatchObject({ outcome: 'passed', findings: [], objects: 1 });
  expect(lines.find((line) => '_aws' in line)).toMatchObject({
    Source: 'orders',
    Component: 'dump',
    VerificationPassed: 1,
    VerificationFailed: 0,
  });
});

test('a point under another key, not locked for long enough, and with too few rows fails for each reason', async () => {
  const made = await point(2, { rows: 5 });
  const { code } = await invoke(created(made), {
    POSTGRES_BACKUP_ENCRYPTION_KEY: 'arn:another',
    POSTGRES_BACKUP_LOCK_DURATION: String(15 * 86_400),
  });
  expect(code).toBe(0);
  const { outcome, findings } = (await readVerification(owner, made.prefix)) ?? {};
  expect(outcome).toBe('failed');
  const unlike = `it is encrypted with ${KEY}, not with arn:another`;
  const short = 'it is locked until TIME, not until TIME';
  expect(findings?.map(({ finding }) => finding.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME'))).toEqual([
    'it holds 5 rows; there must be 100 at least',
    ...[unlike, short, unlike, short],
  ]);
});

test('a sweep verifies what is retained and leaves alone what is marked, with the rights of the template', async () => {
  const marked = await point(3);
  await owner.tag(`${marked.prefix}manifest.json`, null, { [EXPIRY_TAG.key]: EXPIRY_TAG.value });
  const damaged = await point(4);
  const [object] = damaged.manifest.databases[0].data;
  await owner.put(object.object.key, Buffer.from('something else'));
  const { code, lines, stderr } = await invoke({ action: 'sweep' });
  expect({ code, stderr, refused }).toEqual({ code: 0, stderr: '', refused: [] });
  expect(lines.find(({ event }) => event === 'sweep')).toMatchObject({ marked: 1, left: 0, errors: 0 });
  expect(await readVerification(owner, marked.prefix)).toBeUndefined();
  // The manifest names the version; what lies over it does not harm.
  expect(await readVerification(owner, damaged.prefix)).toMatchObject({ outcome: 'passed' });
});

test('each right on the vault is used', () => {
  const given = deployed.statements
    .flatMap(({ Action }) => [Action].flat())
    .filter((action) => action.startsWith('s3:'));
  // The server here tells everybody of a lock; S3 only who may ask for it.
  expect([...used, 's3:GetObjectRetention'].sort()).toEqual([...new Set(given)].sort());
});

test('what it could not do ends it with an error: the platform tries again, then keeps the event', async () => {
  const { code, stderr } = await invoke({ action: 'sweep' }, { AWS_SECRET_ACCESS_KEY: 'wrong' });
  expect(code).toBe(1);
  expect(stderr).toMatch(/could not list/);
  const unset = await invoke({ action: 'sweep' }, { POSTGRES_BACKUP_SOURCE: '' });
  expect(unset).toMatchObject({ code: 1, stderr: 'environment variable POSTGRES_BACKUP_SOURCE is not set' });
});
