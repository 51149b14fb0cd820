/**
 * The reporting function as it is deployed: the bundled code, loaded by a Node of its own, with the environment and no more
 * rights on the vault than the synthesised template gives it; a dead man's switch over HTTPS, a topic and a secret beside it.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { App, Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { startS3Server, type AuthorizationRequest, type S3Server } from '../../dev/s3';
import { AlarmTopic, BackupReports, BackupVault } from '../../lib';
import {
  ENVIRONMENT,
  FUNCTION_ENVIRONMENT,
  latestReportKey,
  METRICS,
  serialiseManifest,
  type BackupReport,
} from '../../model';
import { readText } from '../../runtime/catalog/read-text';
import { PointWriter } from '../../runtime/catalog/point-writer';
import { addressOf } from '../../runtime/catalog/run-id';
import { sha256Of, writeVerification } from '../../runtime/catalog/verification-record';
import { openS3Store } from '../../runtime/store/s3-store';
import type { ObjectStore } from '../../runtime/store/store';
import { permissions, type Permission } from '../lib/support/policies';
import { answer, startWebhookServer, type WebhookServer } from '../runtime/notify/webhook-server';
import { manifestOf } from '../runtime/observe/status/support/vault';
import { callFunction, FUNCTION } from './support/call-function';
import { Rights } from './support/rights';

process.env.CDK_VALIDATION = 'false';

const BUCKET = 'acme-backups';
const TOKEN = 's3cr3t-t0ken';
const SECRET = 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:switch-AbCdEf';
const TOPIC = 'arn:aws:sns:eu-central-1:111122223333:alarms';

const directory = mkdtempSync(path.join(tmpdir(), 'postgres-backup-function-'));
const certificate = makeCertificate();
const rights = new Rights(permissionsOfTheFunction());
let server: S3Server;
let owner: ObjectStore;
let secrets: WebhookServer;
let topic: WebhookServer;
let deadMan: Server;
let beats: string[] = [];
let switchAnswers = 200;

beforeAll(async () => {
  server = await startS3Server({ directory, credentials: [FUNCTION], authorize: rights.authorize });
  await server.createBucket(BUCKET, { versioning: true });
  const { endpoint, region, credentials } = server;
  owner = openS3Store(`s3://${BUCKET}`, { endpoint, region, credentials });
  deadMan = createServer(certificate, (request, response) => {
    beats.push(request.url ?? '');
    request.resume().on('end', () => response.writeHead(switchAnswers).end('OK'));
  });
  await new Promise<void>((resolve) => deadMan.listen(0, '127.0.0.1', resolve));
  const url = `https://127.0.0.1:${(deadMan.address() as AddressInfo).port}/${TOKEN}`;
  secrets = await startWebhookServer(answer(200, JSON.stringify({ ARN: SECRET, Name: 'switch', SecretString: url })));
  const published = '<PublishResponse><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>';
  topic = await startWebhookServer(answer(200, published, { 'content-type': 'text/xml' }));
});

afterAll(async () => {
  deadMan.closeAllConnections();
  await new Promise((resolve) => deadMan.close(resolve));
  await Promise.all([server.close(), secrets.close(), topic.close()]);
  await rm(directory, { recursive: true, force: true });
});

beforeEach(() => {
  rights.refused = [];
  beats = [];
  switchAnswers = 200;
});

function makeCertificate() {
  const [key, cert] = ['key.pem', 'cert.pem'].map((name) => path.join(directory, name));
  const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=127.0.0.1'];
  const name = ['-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert];
  execFileSync('openssl', [...request, ...name], { stdio: 'ignore' });
  return { key: readFileSync(key), cert: readFileSync(cert) };
}

function permissionsOfTheFunction(): Permission[] {
  const stack = new Stack(new App(), 'Shop');
  new BackupReports(stack, 'Reports', {
    sourceName: 'orders',
    vault: new BackupVault(stack, 'Vault'),
    newestAge: Duration.hours(26),
    newestVerifiedAge: Duration.hours(27),
    topic: new AlarmTopic(stack, 'Topic').topic,
    encryptionKey: new kms.Key(stack, 'LogKey'),
    deadLetterQueue: new sqs.Queue(stack, 'DeadLetters'),
  });
  return permissions(Template.fromStack(stack)).filter(
    ({ holder, action }) => holder.startsWith('ReportsFunctionRole') && action.startsWith('s3:'),
  );
}

const invoke = (event: unknown) =>
  callFunction(
    'report',
    {
      [ENVIRONMENT.vault]: `s3://${BUCKET}`,
      [ENVIRONMENT.source]: 'orders',
      [FUNCTION_ENVIRONMENT.objectives]: '{"newestSeconds":93600,"newestVerifiedSeconds":97200}',
      [FUNCTION_ENVIRONMENT.dailySummary]: 'always',
      [FUNCTION_ENVIRONMENT.components]: '["dump"]',
      [FUNCTION_ENVIRONMENT.topic]: TOPIC,
      [FUNCTION_ENVIRONMENT.heartbeat]: SECRET,
      AWS_ENDPOINT_URL_S3: server.endpoint,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets.url,
      AWS_ENDPOINT_URL_SNS: topic.url,
      AWS_REGION: server.region,
      NODE_EXTRA_CA_CERTS: path.join(directory, 'cert.pem'),
    },
    [event],
  );

async function verifiedRun(): Promise<PointWriter> {
  const startedAt = new Date();
  const address = addressOf({ source: 'orders', component: 'dump', class: 'daily', startedAt });
  const writer = await PointWriter.claim(owner, address, startedAt);
  if (writer === 'taken') throw new Error('the address is taken');
  const manifest = manifestOf(address);
  await writer.finish(manifest);
  await writeVerification(owner, writer.prefix, {
    format: 'postgres-backup/verification/1',
    point: manifest.point,
    source: 'orders',
    component: 'dump',
    outcome: 'passed',
    depth: 'stored',
    verifiedAt: new Date().toISOString(),
    durationMs: 1,
    manifestSha256: sha256Of(serialiseManifest(manifest)),
    findings: [],
    objects: 1,
    totals: null,
    tool: { name: 'postgres-backup', version: '1.2.3' },
  });
  return writer;
}

const recordOf = (key: string) => ({
  'detail-type': 'Object Created',
  detail: { bucket: { name: BUCKET }, object: { key } },
});

test('with the rights of the template it reports a run, tells the switch over TLS, and tells nobody its address', async () => {
  const { prefix } = await verifiedRun();
  const began = await invoke(recordOf(`${prefix}started.json`));
  const ended = await invoke(recordOf(`${prefix}verification.json`));
  expect([began, ended].map(({ code, stderr }) => ({ code, stderr }))).toEqual(Array(2).fill({ code: 0, stderr: '' }));
  expect(rights.refused).toEqual([]);
  expect(beats.map((url) => url.replace(/\?.*/, ''))).toEqual([`/${TOKEN}/start`, `/${TOKEN}`]);
  expect(JSON.parse(ended.stdout)).toMatchObject({
    event: 'report',
    kind: 'run',
    outcome: 'passed',
    heartbeat: 'told',
  });
  expect(`${began.stdout}${ended.stdout}`).not.toContain(TOKEN);
});

test('a switch that refuses ends it with an error and a metric, and its address is in none of its words', async () => {
  const { prefix } = await verifiedRun();
  switchAnswers = 404;
  const { code, stdout, stderr } = await invoke(recordOf(`${prefix}verification.json`));
  expect(code).toBe(1);
  expect(stderr).toBe('the dead man’s switch did not take the message');
  expect(stdout).toContain(`"${METRICS.heartbeatFailed.name}":1`);
  expect(`${stdout}${stderr}`).not.toContain(TOKEN);
});

test('it reports a day into the vault, and publishes a summary as mail and as notice', async () => {
  const before = topic.received.length;
  const { code, stderr } = await invoke({ action: 'day' });
  expect({ code, stderr, refused: rights.refused }).toEqual({ code: 0, stderr: '', refused: [] });
  const report = JSON.parse((await readText(owner, latestReportKey('orders'))) ?? '') as BackupReport;
  expect(report).toMatchObject({ kind: 'day', outcome: 'passed', vault: `s3://${BUCKET}`, totals: { passed: 2 } });

  const sent = new URLSearchParams(topic.received[before].body);
  expect(sent.get('TopicArn')).toBe(TOPIC);
  expect(sent.get('Subject')).toBe('orders: all is good: 2 of 2 backups verified in the last 24 hours');
  expect(sent.get('MessageStructure')).toBe('json');
  const bodies = JSON.parse(sent.get('Message') ?? '') as { default: string; lambda: string };
  expect(bodies.default).toMatch(
    /^orders: all is good: [^]*Report: s3:\/\/acme-backups\/orders\/reports\/.*day\.json$/,
  );
  expect(JSON.parse(bodies.lambda)).toMatchObject({ format: 'postgres-backup/notice/1', state: 'information' });
});

test('it may write beside no recovery point', async () => {
  const { prefix } = await verifiedRun();
  const mayWrite = (key: string) =>
    rights.authorize({
      accessKeyId: FUNCTION.accessKeyId,
      action: 's3:PutObject',
      key,
      conditions: {},
    } as AuthorizationRequest);
  expect([mayWrite(`${prefix}verification.json`), mayWrite('orders/reports/x.json')]).toEqual([false, true]);
});

test('each right on the vault is used but those to end reports, which take 400 days', () => {
  const toEnd = ['s3:GetObjectVersionTagging', 's3:PutObjectVersionTagging'];
  const expected = rights.actions.filter((action) => !toEnd.includes(action));
  expect([...rights.used].sort()).toEqual(expected.sort());
});
