/** With AWS's own clients, against the stand-in for SSM, Secrets Manager and KMS. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { accountIn } from '../../../../dev/aws/account';
import { kmsApi } from '../../../../dev/aws/api/kms';
import { secretsManagerApi } from '../../../../dev/aws/api/secrets-manager';
import { startApiServer, type ApiServer } from '../../../../dev/aws/api/server';
import { ssmApi } from '../../../../dev/aws/api/ssm';
import { Iam } from '../../../../dev/aws/iam/iam';
import { ADMINISTRATOR } from '../../../../dev/aws/iam/policy';
import { Keys, type Key } from '../../../../dev/aws/services/keys';
import { Parameters } from '../../../../dev/aws/services/parameters';
import { Secrets } from '../../../../dev/aws/services/secrets';
import { MANIFEST_NAME } from '../../../../model';
import { findPoint } from '../../../../runtime/catalog/catalog';
import { awsEnvelopeKeys } from '../../../../runtime/components/configuration/aws-keys';
import { awsServices } from '../../../../runtime/components/configuration/aws-services';
import { backupConfiguration } from '../../../../runtime/components/configuration/backup';
import type { Envelope } from '../../../../runtime/components/configuration/envelope';
import { restoreConfiguration } from '../../../../runtime/components/configuration/restore';
import type {
  ConfigurationPoint,
  ConfigurationRequest,
  ConfigurationServices,
  RestoreConfigurationRequest,
} from '../../../../runtime/components/configuration/types';
import { verifyConfiguration } from '../../../../runtime/components/configuration/verify';
import { BackupError } from '../../../../runtime/errors';
import { silentReporter } from '../../../../runtime/observe/reporter';
import { crc32, crc32Base64 } from '../../../../runtime/store/crc32';
import { failureOf } from '../../../support/failure-of';
import { MemoryStore } from '../../../support/memory-store';

const ACCESS = { accessKeyId: 'TESTER', secretAccessKey: 'secret' };
const SECRET_ARN = 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:orders/smtp-AbCdEf';
const SECRET_TEXT = '{"user":"mailer","password":"hunter2"}';

let api: ApiServer;
let environment: NodeJS.ProcessEnv;
let keys: Keys;
let key: Key;
let parameters: Parameters;
let secrets: Secrets;
let store: MemoryStore;
let directory: string;

beforeEach(async () => {
  const account = accountIn('eu-central-1');
  const iam = new Iam(
    account,
    () => new Date(),
    () => undefined,
  );
  keys = new Keys(iam);
  key = keys.add({
    id: '11111111-2222-4333-8444-555555555555',
    arn: 'arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-4333-8444-555555555555',
    policy: { Statement: [] },
  });
  parameters = new Parameters(account, iam, keys, 'ssm.eu-central-1.amazonaws.com');
  secrets = new Secrets(iam, keys, 'secretsmanager.eu-central-1.amazonaws.com');
  secrets.add({ arn: SECRET_ARN, name: 'orders/smtp', text: SECRET_TEXT });
  parameters.put({ name: '/orders/flags', type: 'StringList', value: 'a,b' });
  parameters.put({ name: '/orders/deep/er/token', type: 'SecureString', value: 'pa55' });
  parameters.put({ name: 'bare', type: 'String', value: 'ünïcödé\n' });
  api = await startApiServer({
    services: { kms: kmsApi(keys), ssm: ssmApi(parameters), secretsmanager: secretsManagerApi(secrets) },
    credentials: new Map([[ACCESS.accessKeyId, ACCESS]]),
    principal: () => ADMINISTRATOR,
    now: () => new Date(),
  });
  environment = { ...process.env };
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: api.endpoint,
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: ACCESS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: ACCESS.secretAccessKey,
  });
  store = new MemoryStore();
  directory = await mkdtemp(path.join(tmpdir(), 'configuration-test-'));
});

afterEach(async () => {
  process.env = environment;
  await api.close();
  await rm(directory, { recursive: true, force: true });
});

function context() {
  return { store, reporter: silentReporter, signal: new AbortController().signal, now: () => new Date() };
}

async function backup(request: Partial<ConfigurationRequest> = {}, services = awsServices()) {
  const whole: ConfigurationRequest = {
    source: 'orders',
    class: 'manual',
    envelopeKey: key.arn,
    parameters: ['bare'],
    parameterPaths: ['/orders'],
    secrets: [SECRET_ARN],
    texts: [],
    ...request,
  };
  return backupConfiguration(whole, context(), services, awsEnvelopeKeys());
}

async function point(request: Partial<ConfigurationRequest> = {}): Promise<ConfigurationPoint> {
  const result = await backup(request);
  if (result.outcome !== 'made') throw new Error(`the backup was ${result.outcome}`);
  return findPoint(store, 'orders', 'configuration', result.manifest.point);
}

async function restore(
  from: ConfigurationPoint,
  request: Partial<RestoreConfigurationRequest> = {},
  services: ConfigurationServices = awsServices(),
) {
  const whole = { point: from, names: [], action: 'compare', values: 'hide', ...request } as const;
  return restoreConfiguration(whole, context(), services, awsEnvelopeKeys());
}

async function states(from: ConfigurationPoint): Promise<Record<string, string>> {
  const { entries } = await restore(from);
  return Object.fromEntries(entries.map(({ name, state }) => [name, state]));
}

/** What lies in the vault: every byte of it. */
function stored(): string {
  return store
    .keys()
    .map((one) => store.bytesOf(one)?.toString('latin1') ?? '')
    .join('\n');
}

function envelopeOf({ manifest }: ConfigurationPoint): Envelope {
  return JSON.parse(store.bytesOf(manifest.objects[0].key)?.toString() ?? '') as Envelope;
}

/** Puts another envelope in a point's place, past the digests of the manifest, as who may write to the vault can. */
async function plant(into: ConfigurationPoint, envelope: Envelope, change: object = {}): Promise<ConfigurationPoint> {
  const bytes = Buffer.from(JSON.stringify(envelope));
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const sizeBytes = bytes.length;
  const [object] = into.manifest.objects;
  const planted = { ...object, sizeBytes, sha256, crc32: crc32Base64(crc32(bytes)), parts: [{ sizeBytes, sha256 }] };
  store.damage(object.key, () => bytes);
  const manifest = {
    ...into.manifest,
    ...change,
    objects: [planted],
    totals: { ...into.manifest.totals, storedBytes: sizeBytes },
  };
  store.damage(`${into.prefix}${MANIFEST_NAME}`, () => Buffer.from(JSON.stringify(manifest)));
  return findPoint(store, 'orders', 'configuration', into.manifest.point);
}

test('what is named is backed up, and nothing of a value lies in the vault', async () => {
  await writeFile(path.join(directory, 'nginx.conf'), 'listen 443;');
  const made = await point({ texts: [{ name: 'nginx', file: path.join(directory, 'nginx.conf') }] });
  expect(made.manifest.entries.map(({ name, type, version }) => [name, type, version])).toEqual([
    ['parameter:/orders/deep/er/token', 'SecureString', '1'],
    ['parameter:/orders/flags', 'StringList', '1'],
    ['parameter:bare', 'String', '1'],
    ['secret:orders/smtp', 'text', expect.any(String)],
    ['text:nginx', 'text', null],
  ]);
  expect(made.manifest).toMatchObject({ envelopeKey: key.arn, totals: { items: 5, objects: 1 } });
  for (const value of [SECRET_TEXT, 'ünïcödé', 'listen 443']) {
    expect(stored()).not.toContain(Buffer.from(value).toString('latin1'));
    // However it would lie in base64: the middle of it, at each of the three offsets.
    for (const offset of [0, 1, 2]) {
      const shifted = Buffer.concat([Buffer.alloc(offset), Buffer.from(value)]).toString('base64');
      expect(stored()).not.toContain(shifted.slice(4, 12));
    }
  }
});

test('a digest in the manifest does not tell a short secret: the same value has another one each time', async () => {
  const [first, second] = [await point(), await point()];
  const digests = [first, second].flatMap(({ manifest }) => manifest.entries.map(({ keyedDigest }) => keyedDigest));
  expect(new Set(digests).size).toBe(digests.length);
});

test('more parameters below a path than a page holds are all taken', async () => {
  for (let index = 0; index < 25; index += 1)
    parameters.put({ name: `/many/${index}`, type: 'String', value: `${index}` });
  expect((await point({ parameterPaths: ['/many'] })).manifest.totals.items).toBe(27);
});

test('bytes of a secret that are no text come back as they were', async () => {
  const value = Buffer.from([0, 255, 254, 13, 10]);
  const services: ConfigurationServices = {
    ...awsServices(),
    readSecret: async (name) => ({ kind: 'secret', arn: SECRET_ARN, name, type: 'binary', version: '1', value }),
  };
  const request = { parameters: [], parameterPaths: [], secrets: ['key'], texts: [], envelopeKey: key.arn } as const;
  await backupConfiguration({ source: 'orders', class: 'manual', ...request }, context(), services, awsEnvelopeKeys());
  const made = await findPoint(store, 'orders', 'configuration', 'latest');
  const { entries } = await restore(made, { values: 'show' }, services);
  expect(entries).toEqual([
    { name: 'secret:key', state: 'same', isApplied: false, inBackup: 'base64:AP/+DQo=', inTarget: 'base64:AP/+DQo=' },
  ]);
});

test('two of one name, of other regions, are refused: neither takes the place of the other', async () => {
  const arn = 'arn:aws:secretsmanager:us-east-1:111122223333:secret:orders/smtp-GhIjKl';
  secrets.add({ arn, name: 'orders/smtp', text: 'of another region' });
  expect(await failureOf(backup({ secrets: [SECRET_ARN, arn] }))).toMatchObject({
    code: 'configuration-invalid',
    message: `there are two of secret:orders/smtp: ${SECRET_ARN} and ${arn}`,
  });
  const file = path.join(directory, 'a.conf');
  await writeFile(file, 'a');
  await writeFile(`${file}.old`, 'b');
  const texts = [file, `${file}.old`].map((one) => ({ name: 'a', file: one }));
  expect((await failureOf(backup({ texts }))).message).toBe(`there are two of text:a: ${file} and ${file}.old`);
});

test('what is named twice is one', async () => {
  const request = { parameters: ['/orders/flags', 'bare'], secrets: [SECRET_ARN, 'orders/smtp'] };
  expect((await point(request)).manifest.totals.items).toBe(4);
});

describe('what is named and not there is a failure', () => {
  test.each([
    [{ parameters: ['gone'] }, 'there is no parameter gone'],
    [{ parameterPaths: ['/gone'] }, 'there is no parameter below /gone'],
    [{ secrets: ['gone'] }, 'there is no secret gone with a value'],
    [{ texts: [{ name: 'a', file: '/nowhere' }] }, 'cannot read the text a from /nowhere'],
  ])('%j', async (request, message) => {
    expect(await failureOf(backup(request))).toMatchObject({ message });
    expect(store.keys().map((one) => path.basename(one))).toEqual(['failure.json', 'started.json']);
  });

  test('a key that KMS does not give', async () => {
    expect(await failureOf(backup({ envelopeKey: 'alias/none' }))).toMatchObject({ code: 'key-unusable' });
  });
});

describe('restore', () => {
  test('says what differs by name, and shows no value', async () => {
    const made = await point();
    parameters.put({ name: '/orders/flags', type: 'StringList', value: 'a,b,c' });
    parameters.put({ name: '/orders/later', type: 'String', value: 'x' });
    secrets.get('orders/smtp').text = '{}';
    const report = await restore(made);
    expect(await states(made)).toEqual({
      'parameter:/orders/deep/er/token': 'same',
      'parameter:/orders/flags': 'changed',
      'parameter:bare': 'same',
      'secret:orders/smtp': 'changed',
      'parameter:/orders/later': 'only in target',
    });
    expect(JSON.stringify(report)).not.toMatch(/hunter2|pa55|a,b/);
    expect(report.outcome).toBe('passed');
  });

  test('writes what is named and nothing else, and reads it again', async () => {
    const made = await point();
    parameters.put({ name: '/orders/flags', type: 'StringList', value: 'z' });
    parameters.put({ name: 'bare', type: 'String', value: 'z' });
    secrets.get('orders/smtp').text = 'z';
    const names = ['parameter:/orders/flags', 'secret:orders/smtp'];
    const report = await restore(made, { action: 'apply', names });
    expect(report.entries.map(({ name, isApplied }) => [name, isApplied])).toEqual(names.map((name) => [name, true]));
    expect((await parameters.read(ADMINISTRATOR, '/orders/flags')).value).toBe('a,b');
    expect(secrets.get('orders/smtp').text).toBe(SECRET_TEXT);
    expect((await parameters.read(ADMINISTRATOR, 'bare')).value).toBe('z');
  });

  test('makes a parameter that is gone anew; a secret that is gone it does not make up', async () => {
    const made = await point();
    const services = { ...awsServices(), readSecret: async () => undefined };
    const failure = await failureOf(restore(made, { action: 'apply', names: ['secret:orders/smtp'] }, services));
    expect(failure).toMatchObject({
      code: 'restore-failed',
      message: 'there is no secret orders/smtp to be given its value',
    });
    const empty = new Map<string, Buffer>();
    const target: ConfigurationServices = {
      ...awsServices(),
      readParameter: async (name) => {
        const value = empty.get(name);
        return value && { kind: 'parameter', arn: `arn:${name}`, name, type: 'String', version: '1', value };
      },
      writeParameter: async ({ name, value }) => void empty.set(name, value),
    };
    const report = await restore(made, { action: 'apply', names: ['parameter:bare'] }, target);
    expect(report.entries).toEqual([{ name: 'parameter:bare', state: 'new', isApplied: true }]);
  });

  test('writes a value that is too long for a standard parameter back as an advanced one', async () => {
    const value = 'x'.repeat(4097);
    parameters.put({ name: 'bare', type: 'String', value });
    const made = await point();
    parameters.put({ name: 'bare', type: 'String', value: 'z' });
    await restore(made, { action: 'apply', names: ['parameter:bare'] });
    expect((await parameters.read(ADMINISTRATOR, 'bare')).value).toBe(value);
  });

  test('a write that did not take is a failure', async () => {
    const made = await point();
    parameters.put({ name: 'bare', type: 'String', value: 'z' });
    const services = { ...awsServices(), writeParameter: async () => undefined };
    const failure = await failureOf(restore(made, { action: 'apply', names: ['parameter:bare'] }, services));
    expect(failure.code).toBe('comparison-failed');
  });

  test('what cannot be read now was not compared', async () => {
    const made = await point();
    secrets.get('orders/smtp').text = 'x';
    await api.close();
    const report = await restoreConfiguration(
      { point: made, names: ['secret:orders/smtp'], action: 'compare', values: 'hide' },
      context(),
      {
        ...awsServices(),
        readSecret: () => Promise.reject(new BackupError('secret-unreadable', 'denied')),
      },
      { ...awsEnvelopeKeys(), decrypt: async (encrypted, _id, about) => keys.decrypt(key, encrypted, about) },
    );
    expect(report).toMatchObject({ outcome: 'could not verify', entries: [{ state: 'could not be read' }] });
  });

  test('an unknown name, and a text that has no place, are wrong usage', async () => {
    await writeFile(path.join(directory, 't'), 'text');
    const made = await point({ texts: [{ name: 't', file: path.join(directory, 't') }] });
    expect(await failureOf(restore(made, { names: ['parameter:x'] }))).toMatchObject({ code: 'usage' });
    expect(await failureOf(restore(made, { action: 'apply', names: ['text:t'] }))).toMatchObject({ code: 'usage' });
    const { entries } = await restore(made, { names: ['text:t'], values: 'show' });
    expect(entries).toEqual([{ name: 'text:t', state: 'not comparable', isApplied: false, inBackup: 'text' }]);
  });
});

describe('the envelope', () => {
  test('who has the bucket and not the key opens nothing', async () => {
    const made = await point();
    key.enabled = false;
    expect(await failureOf(restore(made))).toMatchObject({ code: 'key-unusable' });
    const report = await verifyConfiguration(made, 'read', context());
    expect(report).toMatchObject({ outcome: 'could not verify' });
  });

  test('an entry in another’s place does not open, though the manifest be changed to agree', async () => {
    const made = await point();
    const envelope = envelopeOf(made);
    const [first, second, ...rest] = envelope.entries;
    const entries = [{ ...second, name: first.name }, { ...first, name: second.name }, ...rest];
    const [one, other, ...others] = made.manifest.entries;
    const told = [{ ...other, name: one.name }, { ...one, name: other.name }, ...others];
    const planted = await plant(made, { ...envelope, entries }, { entries: told });
    expect(await failureOf(restore(planted))).toMatchObject({ code: 'archive-damaged' });
    expect(await verifyConfiguration(planted, 'read', context())).toMatchObject({ outcome: 'failed' });
  });

  test('a manifest that tells another digest of a value is not believed', async () => {
    const made = await point();
    const entries = made.manifest.entries.map((entry) => ({ ...entry, keyedDigest: 'ab'.repeat(32) }));
    const planted = await plant(made, envelopeOf(made), { entries });
    expect(await verifyConfiguration(planted, 'read', context())).toMatchObject({ outcome: 'failed' });
  });

  test('the envelope of an older point does not open in a newer one’s place', async () => {
    const [older, newer] = [await point(), await point()];
    const planted = await plant(newer, envelopeOf(older), { entries: older.manifest.entries });
    expect(await failureOf(restore(planted))).toMatchObject({ code: 'key-unusable' });
  });

  test.each(['sealed', 'tag', 'nonce'] as const)('one bit of the %s is noticed', async (field) => {
    const made = await point();
    const envelope = envelopeOf(made);
    const bytes = Buffer.from(envelope.entries[0][field], 'base64');
    bytes[3] ^= 1;
    const entries = [{ ...envelope.entries[0], [field]: bytes.toString('base64') }, ...envelope.entries.slice(1)];
    const planted = await plant(made, { ...envelope, entries });
    expect(await verifyConfiguration(planted, 'read', context())).toMatchObject({ outcome: 'failed' });
  });

  test('an entry less is noticed', async () => {
    const made = await point();
    const envelope = envelopeOf(made);
    const planted = await plant(made, { ...envelope, entries: envelope.entries.slice(1) });
    expect(await verifyConfiguration(planted, 'read', context())).toMatchObject({ outcome: 'failed' });
  });

  test.each(['stored', 'read'] as const)('as it was written, it passes a verification of depth "%s"', async (depth) => {
    expect(await verifyConfiguration(await point(), depth, context())).toMatchObject({ outcome: 'passed' });
  });
});

test('a certificate in a secret is known by its end, and one that ends soon is warned of', async () => {
  const file = path.join(directory, 'certificate.pem');
  const subject = ['-subj', '/CN=shop.example.com', '-days', '10'];
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-keyout',
      '/dev/null',
      '-out',
      file,
      ...subject,
    ],
    { stdio: 'ignore' },
  );
  const pem = execFileSync('cat', [file]).toString();
  secrets.get('orders/smtp').text = JSON.stringify({
    certificate: pem,
    other: '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----',
  });
  const { manifest } = await point();
  const entry = manifest.entries.find(({ name }) => name === 'secret:orders/smtp');
  expect(entry?.certificates).toEqual([{ subject: 'CN=shop.example.com', notAfter: expect.any(String) as string }]);
  expect(manifest.warnings).toEqual([
    expect.stringMatching(/^secret:orders\/smtp: the certificate of CN=shop.example.com expires in \d+ days, /),
  ]);
});

test('two runs for one time make one recovery point', async () => {
  const scheduledAt = new Date('2026-11-20T02:00:00Z');
  expect(await backup({ scheduledAt })).toMatchObject({ outcome: 'made' });
  expect(await backup({ scheduledAt })).toMatchObject({ outcome: 'skipped' });
});

describe('a run that failed', () => {
  const scheduledAt = new Date('2026-11-20T02:00:00Z');
  beforeEach(async () => void (await failureOf(backup({ scheduledAt, parameters: ['not there'] }))));

  test('is repeated for its scheduled time, in a folder of its own, and restores', async () => {
    const made = await point({ scheduledAt });
    const names = store.keys().map((one) => one.slice(made.prefix.length));
    const records = ['failure.json', MANIFEST_NAME, 'started-2.json', 'started.json'];
    expect(names.sort()).toEqual(['attempt.2/envelope.json', ...records]);
    expect(new Set(Object.values(await states(made)))).toEqual(new Set(['same']));
    expect(await backup({ scheduledAt })).toMatchObject({ outcome: 'skipped' });
  });

  test('is skipped, and leaves no word of failing, where another attempt was faster', async () => {
    const services = awsServices();
    const overtaken: ConfigurationServices = {
      ...services,
      readPath: async (path) => {
        const [started] = store.keys().filter((one) => one.endsWith('started.json'));
        await store.put(started.replace('started.json', MANIFEST_NAME), Buffer.from('of the other'));
        return services.readPath(path);
      },
    };
    expect(await backup({ scheduledAt }, overtaken)).toMatchObject({ outcome: 'skipped' });
    expect(store.keys().filter((one) => one.includes('failure'))).toHaveLength(1);
  });
});
