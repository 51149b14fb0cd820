import { EXIT } from '../../../model';
import { BackupError } from '../../../runtime/errors';
import { crc32, crc32Base64 } from '../../../runtime/store/crc32';
import { confirmWrite } from '../../../runtime/store/s3-confirmation';
import type { ObjectDescription } from '../../../runtime/store/store';

const attempt = { action: 'complete', key: 'a', uri: 's3://vault' };
const expected = { sizeBytes: 5, crc32: crc32('bytes') };
const ours: ObjectDescription = {
  sizeBytes: 5,
  versionId: 'v1',
  etag: '"e"',
  crc32: crc32Base64(expected.crc32),
  lastModified: new Date(0),
};
const goneUpload = sdk('NoSuchUpload', 404);

describe('a write whose answer was lost', () => {
  test.each<[string, Error]>([
    ['the upload is gone', goneUpload],
    ['a repetition finds the key', sdk('PreconditionFailed', 412, 2)],
    ['the store broke', sdk('InternalError', 500)],
    ['the connection broke', Object.assign(new Error('reset'), { code: 'ECONNRESET' })],
    ['time was over', Object.assign(new Error('slow'), { name: 'TimeoutError' })],
  ])('counts as done when the key holds what was sent: %s', async (_, refused) => {
    expect(await confirmWrite(refused, attempt, expected, async () => ours)).toEqual({ versionId: 'v1', etag: '"e"' });
  });

  test.each<[string, Error, string]>([
    ['refused by the first attempt', sdk('PreconditionFailed', 412, 1), 'store-conflict'],
    ['not allowed', sdk('AccessDenied', 403, 3), 'store-denied'],
    ['a part that is not there', sdk('InvalidPart', 400, 2), 'store-failed'],
  ])('is not looked for when it was plainly refused: %s', async (_, refused, code) => {
    const head = jest.fn(async () => ours);
    await expect(confirmWrite(refused, attempt, expected, head)).rejects.toMatchObject({ code });
    expect(head).not.toHaveBeenCalled();
  });

  test('is not looked for by somebody who was told to end', async () => {
    const head = jest.fn(async () => ours);
    const signal = AbortSignal.abort(new BackupError('deadline-exceeded', 'out of time'));
    const confirming = confirmWrite(goneUpload, { ...attempt, signal }, expected, head);
    await expect(confirming).rejects.toMatchObject({ code: 'deadline-exceeded' });
    expect(head).not.toHaveBeenCalled();
  });

  test.each<[string, Partial<ObjectDescription>]>([
    ['size', { sizeBytes: 6 }],
    ['checksum', { crc32: 'AAAAAA==' }],
    ['size, on a store without checksums', { sizeBytes: 6, crc32: undefined }],
  ])('is a conflict when the key holds something of another %s', async (_, difference) => {
    const head = async () => ({ ...ours, ...difference });
    await expect(confirmWrite(goneUpload, attempt, expected, head)).rejects.toMatchObject({ code: 'store-conflict' });
  });

  test('cannot be confirmed by size alone, on a store that keeps no checksum', async () => {
    const head = async () => ({ ...ours, crc32: undefined });
    await expect(confirmWrite(goneUpload, attempt, expected, head)).rejects.toMatchObject({
      code: 'upload-unconfirmed',
      exitCode: EXIT.unverified,
    });
  });

  test('cannot be confirmed by a role that may not read', async () => {
    const head = () => Promise.reject(new BackupError('store-denied', 'may not read'));
    await expect(confirmWrite(goneUpload, attempt, expected, head)).rejects.toMatchObject({
      code: 'upload-unconfirmed',
      exitCode: EXIT.unverified,
      detail: expect.stringContaining('may not read') as string,
    });
  });

  test('is a failure when the key holds nothing', async () => {
    await expect(confirmWrite(goneUpload, attempt, expected, async () => undefined)).rejects.toMatchObject({
      code: 'store-failed',
      detail: expect.stringContaining('NoSuchUpload') as string,
    });
  });
});

function sdk(name: string, httpStatusCode: number, attempts = 1): Error {
  return Object.assign(new Error(name), { name, $metadata: { httpStatusCode, attempts } });
}
