import { EXIT } from '../../../model';
import { BackupError } from '../../../runtime/errors';
import { storeError } from '../../../runtime/store/s3-errors';
import { openS3Store } from '../../../runtime/store/s3-store';
import { reset, startVault, type TestVault } from './s3-support';
import { MIB, upload } from './support';

let vault: TestVault;

beforeAll(async () => {
  vault = await startVault();
});
beforeEach(() => reset(vault));
afterAll(() => vault.close());

describe('what lasts is told at once, by a code of its own and with a hint', () => {
  test.each<[string, number, string, RegExp]>([
    ['AccessDenied', 403, 'store-denied', /policies/],
    ['AllAccessDisabled', 403, 'store-denied', /policies/],
    ['InvalidAccessKeyId', 403, 'store-denied', /credentials/],
    ['SignatureDoesNotMatch', 403, 'store-denied', /credentials/],
    ['KMS.DisabledException', 400, 'store-denied', /KMS key/],
    ['KMS.NotFoundException', 400, 'store-denied', /KMS key/],
    ['NoSuchBucket', 404, 'store-missing', /name of the vault/],
    ['ConditionalRequestConflict', 409, 'store-conflict', /nothing was written over/],
    ['AuthorizationHeaderMalformed', 400, 'store-failed', /AWS_REGION/],
    ['EntityTooLarge', 400, 'store-failed', /^$/],
  ])('%s (%d)', async (code, status, expected, hint) => {
    vault.faults.add({ operation: 'PutObject', times: 100, fault: { kind: 'error', code, status } });
    const error = await failureOf(vault.open().put('a', Buffer.from('x'), { ifAbsent: true }));
    expect(error).toMatchObject({ code: expected, message: 'could not write "a" in s3://vault/team' });
    expect(error.detail).toContain(`${code}: `);
    expect(error.detail).toContain(`HTTP ${status}`);
    expect(error.hint ?? '').toMatch(hint);
    expect(vault.operations()).toEqual(['PutObject']);
  });

  test('a bucket that is not there', async () => {
    const { endpoint, credentials } = vault.server;
    const store = openS3Store('s3://no-such-vault', { endpoint, credentials });
    expect(await failureOf(store.put('a', Buffer.from('x')))).toMatchObject({ code: 'store-missing' });
    expect(await failureOf(store.createMultipart('a'))).toMatchObject({ code: 'store-missing' });
    expect(await failureOf(store.get('a'))).toMatchObject({ code: 'store-missing' });
    const list = store.list('')[Symbol.asyncIterator]();
    expect(await failureOf(list.next())).toMatchObject({ code: 'store-missing' });
  });

  test('a refusal without a body, as HEAD gives it', async () => {
    vault.authorize = () => false;
    expect(await failureOf(vault.open().head('a'))).toMatchObject({ code: 'store-denied' });
  });

  test('a secret that is wrong, and it is not repeated', async () => {
    const { accessKeyId } = vault.server.credentials;
    const credentials = { accessKeyId, secretAccessKey: 'a-wrong-secret' };
    const error = await failureOf(vault.open({ credentials }).put('a', Buffer.from('x')));
    expect(error).toMatchObject({ code: 'store-denied' });
    expect(JSON.stringify([error.message, error.detail, error.hint])).not.toContain('a-wrong-secret');
  });

  test('no region', () => {
    const attempt = { action: 'write', key: 'a', uri: 's3://vault' };
    expect(storeError(new Error('Region is missing'), attempt)).toMatchObject({
      code: 'configuration-invalid',
      exitCode: EXIT.usage,
    });
  });

  test.each(['ECONNREFUSED', 'ENOTFOUND', 'ECONNRESET', 'CERT_HAS_EXPIRED', 'DEPTH_ZERO_SELF_SIGNED_CERT'])(
    'no answer: %s',
    (code) => {
      const attempt = { action: 'write', key: 'a', uri: 's3://vault' };
      const error = storeError(Object.assign(new Error('no'), { code }), attempt);
      expect(error).toMatchObject({ code: 'store-unreachable', detail: `${code}: no` });
    },
  );
});

describe('credentials that expire in the middle', () => {
  const bytes = Buffer.alloc(20 * MIB, 'x');

  test('are asked for anew, and the upload goes on', async () => {
    const second = { accessKeyId: 'SECOND', secretAccessKey: 'other-secret', sessionToken: 'second' };
    vault.server.addCredential(second);
    const given = [vault.server.credentials, second];
    const provider = async () => given.shift() ?? second;
    const injected = vault.faults.add({
      operation: 'UploadPart',
      partNumber: 2,
      fault: { kind: 'error', code: 'ExpiredToken', status: 400 },
    });
    await upload(vault.open({ credentials: provider }), 'expired', bytes);
    expect(injected.fired).toBe(1);
    expect(vault.requests.find(({ operation }) => operation === 'CompleteMultipartUpload')).toMatchObject({
      accessKeyId: 'SECOND',
      status: 200,
    });
  });

  test('but not again and again when there are no others', async () => {
    vault.faults.add({
      operation: 'PutObject',
      times: 100,
      fault: { kind: 'error', code: 'ExpiredToken', status: 400 },
    });
    const error = await failureOf(vault.open().put('a', Buffer.from('x')));
    expect(error).toMatchObject({ code: 'store-denied', hint: expect.stringContaining('credentials') as string });
    expect(vault.operations()).toEqual(['PutObject']);
  });
});

async function failureOf(work: Promise<unknown>): Promise<BackupError> {
  const outcome = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (outcome instanceof BackupError) return outcome;
  throw new Error(`it did not fail as it should: ${String(outcome)}`);
}
