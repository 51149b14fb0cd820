/** Checksums: verified on the way in, kept, told on the way out. */
import {
  GetObjectAttributesCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type ChecksumAlgorithm,
} from '@aws-sdk/client-s3';
import { createHash } from 'node:crypto';
import { bytes, expectBytes, read, refusal, type Check } from '../support/suite';

/** Of the nine characters "123456789": the check values that the algorithms' definitions publish. */
const CHECK_VALUES: Record<string, string> = {
  CRC32: Buffer.from('cbf43926', 'hex').toString('base64'),
  CRC32C: Buffer.from('e3069283', 'hex').toString('base64'),
  CRC64NVME: Buffer.from('ae8b14860a799888', 'hex').toString('base64'),
  SHA1: Buffer.from('f7c3bc1d808e04732adf679965ccc34ca7ae3441', 'hex').toString('base64'),
  SHA256: Buffer.from('15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225', 'hex').toString('base64'),
};

export function checksums(check: Check): void {
  for (const [algorithm, value] of Object.entries(CHECK_VALUES)) {
    const field = `Checksum${algorithm}` as 'ChecksumCRC32';

    check(`${algorithm} is kept and told`, async ({ s3, bucket }) => {
      const where = { Bucket: bucket, Key: 'k' };
      await s3.send(new PutObjectCommand({ ...where, Body: '123456789', [field]: value }));
      const head = await s3.send(new HeadObjectCommand({ ...where, ChecksumMode: 'ENABLED' }));
      expect(head[field]).toBe(value);
      const got = await s3.send(new GetObjectCommand({ ...where, ChecksumMode: 'ENABLED' }));
      expect(await got.Body?.transformToString()).toBe('123456789');
    });

    check(`a PUT is answered with the ${algorithm}`, async ({ s3, bucket }) => {
      const put = { Bucket: bucket, Key: 'k', Body: '123456789', ChecksumAlgorithm: algorithm as ChecksumAlgorithm };
      expect((await s3.send(new PutObjectCommand(put)))[field]).toBe(value);
    });

    check(`a wrong ${algorithm} is refused and nothing is stored`, async ({ s3, bucket }) => {
      const where = { Bucket: bucket, Key: 'k' };
      const put = s3.send(new PutObjectCommand({ ...where, Body: '123456788', [field]: value }));
      expect(await refusal(put)).toEqual({ code: 'BadDigest', status: 400 });
      expect((await refusal(s3.send(new HeadObjectCommand(where)))).status).toBe(404);
    });
  }

  check('the checksum type is told', async ({ s3, bucket }) => {
    const put = new PutObjectCommand({ Bucket: bucket, Key: 'k', Body: 'x', ChecksumAlgorithm: 'CRC32' });
    expect((await s3.send(put)).ChecksumType).toBe('FULL_OBJECT');
  });

  check('without a checksum S3 computes CRC64NVME', async ({ target, bucket }) => {
    const s3 = target.client({ requestChecksumCalculation: 'WHEN_REQUIRED' });
    const put = await s3.send(new PutObjectCommand({ Bucket: bucket, Key: 'k', Body: '123456789' }));
    expect(put.ChecksumCRC64NVME).toBe(CHECK_VALUES.CRC64NVME);
  });

  check('a wrong Content-MD5 is refused', async ({ s3, bucket }) => {
    const ContentMD5 = createHash('md5').update('other').digest('base64');
    const put = s3.send(new PutObjectCommand({ Bucket: bucket, Key: 'k', Body: 'x', ContentMD5 }));
    expect(await refusal(put)).toEqual({ code: 'BadDigest', status: 400 });
  });

  check('a range has no checksum of the whole', async ({ s3, bucket }) => {
    const body = bytes(1000);
    const where = { Bucket: bucket, Key: 'k' };
    await s3.send(new PutObjectCommand({ ...where, Body: body, ChecksumAlgorithm: 'CRC32' }));
    const got = await s3.send(new GetObjectCommand({ ...where, Range: 'bytes=1-9', ChecksumMode: 'ENABLED' }));
    expectBytes(await read(got.Body), body.subarray(1, 10));
    expect(got.ChecksumCRC32).toBeUndefined();
  });

  check('GetObjectAttributes of a plain object', async ({ s3, bucket }) => {
    const where = { Bucket: bucket, Key: 'k' };
    await s3.send(new PutObjectCommand({ ...where, Body: '123456789', ChecksumAlgorithm: 'SHA256' }));
    const attributes = await s3.send(
      new GetObjectAttributesCommand({
        ...where,
        ObjectAttributes: ['ETag', 'Checksum', 'ObjectSize', 'StorageClass', 'ObjectParts'],
      }),
    );
    expect(attributes).toMatchObject({
      Checksum: { ChecksumSHA256: CHECK_VALUES.SHA256, ChecksumType: 'FULL_OBJECT' },
      ObjectSize: 9,
      StorageClass: 'STANDARD',
      ETag: createHash('md5').update('123456789').digest('hex'),
    });
    expect(attributes.ObjectParts).toBeUndefined();
  });
}
