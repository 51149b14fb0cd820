/** With AWS's own clients, against the stand-in for SSM, Secrets Manager and KMS. */
import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ADMINISTRATOR } from '../../../../dev/aws/iam/policy';
import { MANIFEST_NAME } from '../../../../model';
import { findPoint } from '../../../../runtime/catalog/catalog';
import { awsEnvelopeKeys } from '../../../../runtime/components/configuration/aws-keys';
import { awsServices } from '../../../../runtime/components/configuration/aws-services';
import { backupConfiguration } from '../../../../runtime/components/configuration/backup';
import { restoreConfiguration } from '../../../../runtime/components/configuration/restore';
import type { ConfigurationServices } from '../../../../runtime/components/configuration/types';
import { BackupError } from '../../../../runtime/errors';
import { failureOf } from '../../../support/failure-of';
import { ConfigurationLab, SECRET_ARN, SECRET_TEXT } from './support';

let lab: ConfigurationLab;

beforeEach(async () => {
  lab = await ConfigurationLab.start();
});
afterEach(() => lab.close());

test('what is named is backed up, and nothing of a value lies in the vault', async () => {
  await writeFile(path.join(lab.directory, 'nginx.conf'), 'listen 443;');
  const made = await lab.point({ texts: [{ name: 'nginx', file: path.join(lab.directory, 'nginx.conf') }] });
  expect(made.manifest.entries.map(({ name, type, version }) => [name, type, version])).toEqual([
    ['parameter:/orders/deep/er/token', 'SecureString', '1'],
    ['parameter:/orders/flags', 'StringList', '1'],
    ['parameter:bare', 'String', '1'],
    ['secret:orders/smtp', 'text', expect.any(String)],
    ['text:nginx', 'text', null],
  ]);
  expect(made.manifest).toMatchObject({ envelopeKey: lab.key.arn, totals: { items: 5, objects: 1 } });
  for (const value of [SECRET_TEXT, 'ünïcödé', 'listen 443']) {
    expect(lab.stored()).not.toContain(Buffer.from(value).toString('latin1'));
    // However it would lie in base64: the middle of it, at each of the three offsets.
    for (const offset of [0, 1, 2]) {
      const shifted = Buffer.concat([Buffer.alloc(offset), Buffer.from(value)]).toString('base64');
      expect(lab.stored()).not.toContain(shifted.slice(4, 12));
    }
  }
});

test('a digest in the manifest does not tell a short secret: the same value has another one each time', async () => {
  const [first, second] = [await lab.point(), await lab.point()];
  const digests = [first, second].flatMap(({ manifest }) => manifest.entries.map(({ keyedDigest }) => keyedDigest));
  expect(new Set(digests).size).toBe(digests.length);
});

test('more parameters below a path than a page holds are all taken', async () => {
  for (let index = 0; index < 25; index += 1)
    lab.parameters.put({ name: `/many/${index}`, type: 'String', value: `${index}` });
  expect((await lab.point({ parameterPaths: ['/many'] })).manifest.totals.items).toBe(27);
});

test('bytes of a secret that are no text come back as they were', async () => {
  const value = Buffer.from([0, 255, 254, 13, 10]);
  const services: ConfigurationServices = {
    ...awsServices(),
    readSecret: async (name) => ({ kind: 'secret', arn: SECRET_ARN, name, type: 'binary', version: '1', value }),
  };
  const request = {
    parameters: [],
    parameterPaths: [],
    secrets: ['key'],
    texts: [],
    envelopeKey: lab.key.arn,
  } as const;
  await backupConfiguration(
    { source: 'orders', class: 'manual', ...request },
    lab.context(),
    services,
    awsEnvelopeKeys(),
  );
  const made = await findPoint(lab.store, 'orders', 'configuration', 'latest');
  const { entries } = await lab.restore(made, { values: 'show' }, services);
  expect(entries).toEqual([
    { name: 'secret:key', state: 'same', isApplied: false, inBackup: 'base64:AP/+DQo=', inTarget: 'base64:AP/+DQo=' },
  ]);
});

test('two of one name, of other regions, are refused: neither takes the place of the other', async () => {
  const arn = 'arn:aws:secretsmanager:us-east-1:111122223333:secret:orders/smtp-GhIjKl';
  lab.secrets.add({ arn, name: 'orders/smtp', text: 'of another region' });
  expect(await failureOf(lab.backup({ secrets: [SECRET_ARN, arn] }))).toMatchObject({
    code: 'configuration-invalid',
    message: `there are two of secret:orders/smtp: ${SECRET_ARN} and ${arn}`,
  });
  const file = path.join(lab.directory, 'a.conf');
  await writeFile(file, 'a');
  await writeFile(`${file}.old`, 'b');
  const texts = [file, `${file}.old`].map((one) => ({ name: 'a', file: one }));
  expect((await failureOf(lab.backup({ texts }))).message).toBe(`there are two of text:a: ${file} and ${file}.old`);
});

test('what is named twice is one', async () => {
  const request = { parameters: ['/orders/flags', 'bare'], secrets: [SECRET_ARN, 'orders/smtp'] };
  expect((await lab.point(request)).manifest.totals.items).toBe(4);
});

describe('what is named and not there is a failure', () => {
  test.each([
    [{ parameters: ['gone'] }, 'there is no parameter gone'],
    [{ parameterPaths: ['/gone'] }, 'there is no parameter below /gone'],
    [{ secrets: ['gone'] }, 'there is no secret gone with a value'],
    [{ texts: [{ name: 'a', file: '/nowhere' }] }, 'cannot read the text a from /nowhere'],
  ])('%j', async (request, message) => {
    expect(await failureOf(lab.backup(request))).toMatchObject({ message });
    expect(lab.store.keys().map((one) => path.basename(one))).toEqual(['failure.json', 'started.json']);
  });

  test('a key that KMS does not give', async () => {
    expect(await failureOf(lab.backup({ envelopeKey: 'alias/none' }))).toMatchObject({ code: 'key-unusable' });
  });
});

describe('restore', () => {
  test('says what differs by name, and shows no value', async () => {
    const made = await lab.point();
    lab.parameters.put({ name: '/orders/flags', type: 'StringList', value: 'a,b,c' });
    lab.parameters.put({ name: '/orders/later', type: 'String', value: 'x' });
    lab.secrets.get('orders/smtp').text = '{}';
    const report = await lab.restore(made);
    expect(await lab.states(made)).toEqual({
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
    const made = await lab.point();
    lab.parameters.put({ name: '/orders/flags', type: 'StringList', value: 'z' });
    lab.parameters.put({ name: 'bare', type: 'String', value: 'z' });
    lab.secrets.get('orders/smtp').text = 'z';
    const names = ['parameter:/orders/flags', 'secret:orders/smtp'];
    const report = await lab.restore(made, { action: 'apply', names });
    expect(report.entries.map(({ name, isApplied }) => [name, isApplied])).toEqual(names.map((name) => [name, true]));
    expect((await lab.parameters.read(ADMINISTRATOR, '/orders/flags')).value).toBe('a,b');
    expect(lab.secrets.get('orders/smtp').text).toBe(SECRET_TEXT);
    expect((await lab.parameters.read(ADMINISTRATOR, 'bare')).value).toBe('z');
  });

  test('makes a parameter that is gone anew; a secret that is gone it does not make up', async () => {
    const made = await lab.point();
    const services = { ...awsServices(), readSecret: async () => undefined };
    const failure = await failureOf(lab.restore(made, { action: 'apply', names: ['secret:orders/smtp'] }, services));
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
    const report = await lab.restore(made, { action: 'apply', names: ['parameter:bare'] }, target);
    expect(report.entries).toEqual([{ name: 'parameter:bare', state: 'new', isApplied: true }]);
  });

  test('writes a value that is too long for a standard parameter back as an advanced one', async () => {
    const value = 'x'.repeat(4097);
    lab.parameters.put({ name: 'bare', type: 'String', value });
    const made = await lab.point();
    lab.parameters.put({ name: 'bare', type: 'String', value: 'z' });
    await lab.restore(made, { action: 'apply', names: ['parameter:bare'] });
    expect((await lab.parameters.read(ADMINISTRATOR, 'bare')).value).toBe(value);
  });

  test('a write that did not take is a failure', async () => {
    const made = await lab.point();
    lab.parameters.put({ name: 'bare', type: 'String', value: 'z' });
    const services = { ...awsServices(), writeParameter: async () => undefined };
    const failure = await failureOf(lab.restore(made, { action: 'apply', names: ['parameter:bare'] }, services));
    expect(failure.code).toBe('comparison-failed');
  });

  test('what cannot be read now was not compared', async () => {
    const made = await lab.point();
    lab.secrets.get('orders/smtp').text = 'x';
    await lab.api.close();
    const report = await restoreConfiguration(
      { point: made, names: ['secret:orders/smtp'], action: 'compare', values: 'hide' },
      lab.context(),
      {
        ...awsServices(),
        readSecret: () => Promise.reject(new BackupError('secret-unreadable', 'denied')),
      },
      { ...awsEnvelopeKeys(), decrypt: async (encrypted, _id, about) => lab.keys.decrypt(lab.key, encrypted, about) },
    );
    expect(report).toMatchObject({ outcome: 'could not verify', entries: [{ state: 'could not be read' }] });
  });

  test('an unknown name, and a text that has no place, are wrong usage', async () => {
    await writeFile(path.join(lab.directory, 't'), 'text');
    const made = await lab.point({ texts: [{ name: 't', file: path.join(lab.directory, 't') }] });
    expect(await failureOf(lab.restore(made, { names: ['parameter:x'] }))).toMatchObject({ code: 'usage' });
    expect(await failureOf(lab.restore(made, { action: 'apply', names: ['text:t'] }))).toMatchObject({ code: 'usage' });
    const { entries } = await lab.restore(made, { names: ['text:t'], values: 'show' });
    expect(entries).toEqual([{ name: 'text:t', state: 'not comparable', isApplied: false, inBackup: 'text' }]);
  });
});

test('a certificate in a secret is known by its end, and one that ends soon is warned of', async () => {
  const file = path.join(lab.directory, 'certificate.pem');
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
  lab.secrets.get('orders/smtp').text = JSON.stringify({
    certificate: pem,
    other: '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----',
  });
  const { manifest } = await lab.point();
  const entry = manifest.entries.find(({ name }) => name === 'secret:orders/smtp');
  expect(entry?.certificates).toEqual([{ subject: 'CN=shop.example.com', notAfter: expect.any(String) as string }]);
  expect(manifest.warnings).toEqual([
    expect.stringMatching(/^secret:orders\/smtp: the certificate of CN=shop.example.com expires in \d+ days, /),
  ]);
});

test('two runs for one time make one recovery point', async () => {
  const scheduledAt = new Date('2026-11-20T02:00:00Z');
  expect(await lab.backup({ scheduledAt })).toMatchObject({ outcome: 'made' });
  expect(await lab.backup({ scheduledAt })).toMatchObject({ outcome: 'skipped' });
});

describe('a run that failed', () => {
  const scheduledAt = new Date('2026-11-20T02:00:00Z');
  beforeEach(async () => void (await failureOf(lab.backup({ scheduledAt, parameters: ['not there'] }))));

  test('is repeated for its scheduled time, in a folder of its own, and restores', async () => {
    const made = await lab.point({ scheduledAt });
    const names = lab.store.keys().map((one) => one.slice(made.prefix.length));
    const records = ['failure.json', MANIFEST_NAME, 'started-2.json', 'started.json'];
    expect(names.sort()).toEqual(['attempt.2/envelope.json', ...records]);
    expect(new Set(Object.values(await lab.states(made)))).toEqual(new Set(['same']));
    expect(await lab.backup({ scheduledAt })).toMatchObject({ outcome: 'skipped' });
  });

  test('is skipped, and leaves no word of failing, where another attempt was faster', async () => {
    const services = awsServices();
    const overtaken: ConfigurationServices = {
      ...services,
      readPath: async (path) => {
        const [started] = lab.store.keys().filter((one) => one.endsWith('started.json'));
        await lab.store.put(started.replace('started.json', MANIFEST_NAME), Buffer.from('of the other'));
        return services.readPath(path);
      },
    };
    expect(await lab.backup({ scheduledAt }, overtaken)).toMatchObject({ outcome: 'skipped' });
    expect(lab.store.keys().filter((one) => one.includes('failure'))).toHaveLength(1);
  });
});
