/** Multipart uploads. Parts are five megabytes because S3 refuses smaller ones. */
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  PutObjectCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
  type ChecksumAlgorithm,
  type ChecksumType,
  type CompletedPart,
  type CompleteMultipartUploadCommandInput,
  type S3Client,
} from '@aws-sdk/client-s3';
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { bytes, expectBytes, read, refusal, type Bench, type Check } from '../support/suite';

const PART_BYTES = 5 * 1024 * 1024;
const FIRST = bytes(PART_BYTES, 1);
const LAST = bytes(1234, 2);
const WHOLE = Buffer.concat([FIRST, LAST]);

export function multipart(check: Check): void {
  check('parts become one object, and are not seen before', async (bench) => {
    const { s3, bucket } = bench;
    const upload = await begin(bench);
    const parts = await upload.sendAll([FIRST, LAST]);
    expect((await s3.send(new ListObjectsV2Command({ Bucket: bucket }))).Contents).toBeUndefined();
    const completed = await upload.complete(parts);
    const md5 = [FIRST, LAST].map((part) => createHash('md5').update(part).digest());
    expect(completed.ETag).toBe(`"${createHash('md5').update(Buffer.concat(md5)).digest('hex')}-2"`);
    const got = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: 'k' }));
    expectBytes(await read(got.Body), WHOLE);
  });

  check('one part can be read by its number', async (bench) => {
    const upload = await begin(bench);
    await upload.complete(await upload.sendAll([FIRST, LAST]));
    const part = await bench.s3.send(new GetObjectCommand({ Bucket: bench.bucket, Key: 'k', PartNumber: 2 }));
    expectBytes(await read(part.Body), LAST);
    expect(part.PartsCount).toBe(2);
  });

  check('a range may cross the border of two parts', async (bench) => {
    const upload = await begin(bench);
    await upload.complete(await upload.sendAll([FIRST, LAST]));
    const Range = `bytes=${PART_BYTES - 10}-${PART_BYTES + 9}`;
    const got = await bench.s3.send(new GetObjectCommand({ Bucket: bench.bucket, Key: 'k', Range }));
    expectBytes(await read(got.Body), WHOLE.subarray(PART_BYTES - 10, PART_BYTES + 10));
  });

  check('a part sent again replaces the first, and parts may come in any order', async (bench) => {
    const upload = await begin(bench);
    const last = await upload.send(2, LAST);
    await upload.send(1, bytes(PART_BYTES, 9));
    const first = await upload.send(1, FIRST);
    await upload.complete([first, last]);
    const got = await bench.s3.send(new GetObjectCommand({ Bucket: bench.bucket, Key: 'k' }));
    expectBytes(await read(got.Body), WHOLE);
  });

  for (const algorithm of ['CRC32', 'CRC32C', 'SHA1', 'SHA256'] as const) {
    check(`composite ${algorithm}`, async (bench) => {
      const upload = await begin(bench, { algorithm, type: 'COMPOSITE' });
      const parts = await upload.sendAll([FIRST, LAST]);
      const completed = await upload.complete(parts);
      const field = `Checksum${algorithm}` as 'ChecksumSHA256';
      expect(completed[field]).toMatch(/^[A-Za-z0-9+/=]+-2$/);
      if (algorithm === 'SHA256') {
        const digests = [FIRST, LAST].map((part) => createHash('sha256').update(part).digest());
        expect(completed[field]).toBe(`${createHash('sha256').update(Buffer.concat(digests)).digest('base64')}-2`);
      }
      const head = await bench.s3.send(
        new HeadObjectCommand({ Bucket: bench.bucket, Key: 'k', ChecksumMode: 'ENABLED' }),
      );
      expect(head[field]).toBe(completed[field]);
      expect(head.ChecksumType).toBe('COMPOSITE');
    });
  }

  check('the CRC-32 of the full object is that of its bytes', async (bench) => {
    const upload = await begin(bench, { algorithm: 'CRC32', type: 'FULL_OBJECT' });
    const parts = await upload.sendAll([FIRST, LAST]);
    const ChecksumCRC32 = base64Crc32(WHOLE);
    const completed = await upload.complete(parts, { ChecksumCRC32, ChecksumType: 'FULL_OBJECT' });
    expect(completed.ChecksumCRC32).toBe(ChecksumCRC32);
    const head = await bench.s3.send(
      new HeadObjectCommand({ Bucket: bench.bucket, Key: 'k', ChecksumMode: 'ENABLED' }),
    );
    expect(head).toMatchObject({ ChecksumCRC32, ChecksumType: 'FULL_OBJECT', ContentLength: WHOLE.length });
  });

  for (const algorithm of ['CRC32C', 'CRC64NVME'] as const) {
    check(`the ${algorithm} of the full object equals that of one PUT`, async (bench) => {
      const { s3, bucket } = bench;
      const field = `Checksum${algorithm}` as 'ChecksumCRC32C';
      const one = { Bucket: bucket, Key: 'one', Body: '123456789', ChecksumAlgorithm: algorithm };
      const { [field]: tail } = await s3.send(new PutObjectCommand(one));
      const upload = await begin(bench, { algorithm, type: 'FULL_OBJECT' });
      const completed = await upload.complete([await upload.send(1, Buffer.from('123456789'))]);
      expect(completed[field]).toBe(tail);
      expect(completed.ChecksumType).toBe('FULL_OBJECT');
    });
  }

  check('a wrong CRC-32 of the full object is refused, and the upload can still be completed', async (bench) => {
    const upload = await begin(bench, { algorithm: 'CRC32', type: 'FULL_OBJECT' });
    const parts = await upload.sendAll([FIRST, LAST]);
    const wrong = upload.complete(parts, { ChecksumCRC32: base64Crc32(FIRST), ChecksumType: 'FULL_OBJECT' });
    expect(await refusal(wrong)).toEqual({ code: 'BadDigest', status: 400 });
    await upload.complete(parts, { ChecksumCRC32: base64Crc32(WHOLE), ChecksumType: 'FULL_OBJECT' });
  });

  check('a wrong size of the whole is refused', async (bench) => {
    const upload = await begin(bench);
    const parts = await upload.sendAll([LAST]);
    const wrong = upload.complete(parts, { MpuObjectSize: LAST.length + 1 });
    expect(await refusal(wrong)).toEqual({ code: 'InvalidRequest', status: 400 });
    await upload.complete(parts, { MpuObjectSize: LAST.length });
  });

  check('a wrong checksum of a part is refused', async (bench) => {
    const upload = await begin(bench, { algorithm: 'CRC32', type: 'FULL_OBJECT' });
    const wrong = upload.send(1, LAST, { ChecksumCRC32: base64Crc32(FIRST) });
    expect(await refusal(wrong)).toEqual({ code: 'BadDigest', status: 400 });
    expect((await upload.list()).Parts).toBeUndefined();
  });

  check('a part with another algorithm than the upload is refused', async (bench) => {
    const upload = await begin(bench, { algorithm: 'SHA256', type: 'COMPOSITE' });
    const wrong = upload.send(1, LAST, { ChecksumAlgorithm: undefined, ChecksumCRC32: base64Crc32(LAST) });
    expect(await refusal(wrong)).toEqual({ code: 'InvalidRequest', status: 400 });
  });

  check('a composite upload needs the checksum of each part', async (bench) => {
    const upload = await begin(bench, { algorithm: 'SHA256', type: 'COMPOSITE' });
    const [{ PartNumber, ETag }] = await upload.sendAll([LAST]);
    expect(await refusal(upload.complete([{ PartNumber, ETag }]))).toEqual({ code: 'InvalidRequest', status: 400 });
  });

  check('SHA-256 has no full-object form', async (bench) => {
    const created = begin(bench, { algorithm: 'SHA256', type: 'FULL_OBJECT' });
    expect(await refusal(created)).toEqual({ code: 'InvalidRequest', status: 400 });
  });

  check('parts that were not sent or are too small are refused', async (bench) => {
    const upload = await begin(bench);
    const [small, last] = await upload.sendAll([LAST, LAST]);
    const missing = upload.complete([small, { ...last, PartNumber: 3 }]);
    expect(await refusal(missing)).toEqual({ code: 'InvalidPart', status: 400 });
    const other = upload.complete([{ ...small, ETag: '"0123456789abcdef0123456789abcdef"' }]);
    expect(await refusal(other)).toEqual({ code: 'InvalidPart', status: 400 });
    expect(await refusal(upload.complete([small, last]))).toEqual({ code: 'EntityTooSmall', status: 400 });
  });

  check('parts have to be named in order', async (bench) => {
    const upload = await begin(bench);
    const [first, last] = await upload.sendAll([FIRST, LAST]);
    expect(await refusal(upload.complete([last, first]))).toEqual({ code: 'InvalidPartOrder', status: 400 });
  });

  check('an upload that was given up or never begun is not there', async (bench) => {
    const upload = await begin(bench);
    const parts = await upload.sendAll([LAST]);
    await upload.abort();
    expect(await refusal(upload.complete(parts))).toEqual({ code: 'NoSuchUpload', status: 404 });
    expect(await refusal(upload.send(1, LAST))).toEqual({ code: 'NoSuchUpload', status: 404 });
    expect(await refusal(upload.abort())).toEqual({ code: 'NoSuchUpload', status: 404 });
    expect((await bench.s3.send(new ListMultipartUploadsCommand({ Bucket: bench.bucket }))).Uploads).toBeUndefined();
  });

  check('an upload can be completed once', async (bench) => {
    const upload = await begin(bench);
    const parts = await upload.sendAll([LAST]);
    await upload.complete(parts);
    expect(await refusal(upload.complete(parts))).toEqual({ code: 'NoSuchUpload', status: 404 });
  });

  check('If-None-Match: * completes only where nothing is', async (bench) => {
    const upload = await begin(bench);
    const parts = await upload.sendAll([LAST]);
    await bench.s3.send(new PutObjectCommand({ Bucket: bench.bucket, Key: 'k', Body: 'x' }));
    const taken = upload.complete(parts, { IfNoneMatch: '*' });
    expect(await refusal(taken)).toEqual({ code: 'PreconditionFailed', status: 412 });
    const got = await bench.s3.send(new GetObjectCommand({ Bucket: bench.bucket, Key: 'k' }));
    expect(await got.Body?.transformToString()).toBe('x');
  });

  check('what was said at the beginning belongs to the object', async (bench) => {
    const { s3, bucket } = bench;
    const said = { ContentType: 'application/zstd', Metadata: { run: '7' }, StorageClass: 'STANDARD_IA' as const };
    const upload = await begin(bench, { ...said });
    await upload.complete(await upload.sendAll([LAST]));
    expect(await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: 'k' }))).toMatchObject(said);
  });

  check('parts are listed page by page', async (bench) => {
    const upload = await begin(bench, { algorithm: 'SHA256', type: 'COMPOSITE' });
    await upload.sendAll([LAST, LAST, FIRST]);
    const first = await upload.list({ MaxParts: 2 });
    expect(first).toMatchObject({ IsTruncated: true, NextPartNumberMarker: '2' });
    const ChecksumSHA256 = createHash('sha256').update(LAST).digest('base64');
    expect(first.Parts?.at(0)).toMatchObject({ PartNumber: 1, Size: LAST.length, ChecksumSHA256 });
    const second = await upload.list({ PartNumberMarker: first.NextPartNumberMarker });
    expect(second.Parts?.map(({ PartNumber, Size }) => [PartNumber, Size])).toEqual([[3, FIRST.length]]);
    expect(second.IsTruncated).toBe(false);
  });

  check('uploads in progress are listed', async (bench) => {
    const { s3, bucket } = bench;
    for (const Key of ['a/1', 'a/2', 'b']) await s3.send(new CreateMultipartUploadCommand({ Bucket: bucket, Key }));
    const keys = async (input: object) => {
      const page = await s3.send(new ListMultipartUploadsCommand({ Bucket: bucket, ...input }));
      return [
        ...(page.Uploads ?? []).map(({ Key }) => Key),
        ...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix),
      ];
    };
    expect(await keys({})).toEqual(['a/1', 'a/2', 'b']);
    expect(await keys({ Prefix: 'a/' })).toEqual(['a/1', 'a/2']);
    expect(await keys({ Delimiter: '/' })).toEqual(['b', 'a/']);
    expect(await keys({ KeyMarker: 'a/1' })).toEqual(['a/2', 'b']);
    expect(await keys({ MaxUploads: 1 })).toEqual(['a/1']);
  });

  check('parts can be copied from another object', async (bench) => {
    const { s3, bucket } = bench;
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key: 'from', Body: WHOLE }));
    const upload = await begin(bench);
    const first = await upload.copy(1, `${bucket}/from`, `bytes=0-${PART_BYTES - 1}`);
    const second = await upload.copy(2, `${bucket}/from`, `bytes=${PART_BYTES}-${WHOLE.length - 1}`);
    await upload.complete([first, second]);
    const got = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: 'k' }));
    expectBytes(await read(got.Body), WHOLE);
  });

  check('GetObjectAttributes tells the parts of a composite object', async (bench) => {
    const upload = await begin(bench, { algorithm: 'SHA256', type: 'COMPOSITE' });
    await upload.complete(await upload.sendAll([FIRST, LAST]));
    const attributes = await bench.s3.send(
      new GetObjectAttributesCommand({ Bucket: bench.bucket, Key: 'k', ObjectAttributes: ['ObjectParts', 'Checksum'] }),
    );
    expect(attributes.Checksum?.ChecksumType).toBe('COMPOSITE');
    expect(attributes.ObjectParts?.TotalPartsCount).toBe(2);
    const ChecksumSHA256 = createHash('sha256').update(LAST).digest('base64');
    expect(attributes.ObjectParts?.Parts?.at(1)).toEqual({ PartNumber: 2, Size: LAST.length, ChecksumSHA256 });
  });
}

interface UploadKind {
  algorithm?: ChecksumAlgorithm;
  type?: ChecksumType;
  [said: string]: unknown;
}

/** An upload of key `k`. Without an algorithm the client sends no checksums at all. */
async function begin({ s3: plain, bucket, target }: Bench, { algorithm, type, ...said }: UploadKind = {}) {
  const s3 = algorithm === undefined ? target.client({ requestChecksumCalculation: 'WHEN_REQUIRED' }) : plain;
  const where = { Bucket: bucket, Key: 'k' };
  const create = { ...where, ...said, ChecksumAlgorithm: algorithm, ChecksumType: type };
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand(create));
  return new OpenUpload(s3, { ...where, UploadId }, algorithm);
}

class OpenUpload {
  constructor(
    private readonly s3: S3Client,
    private readonly where: { Bucket: string; Key: string; UploadId: string | undefined },
    private readonly algorithm: ChecksumAlgorithm | undefined,
  ) {}

  async send(PartNumber: number, Body: Buffer, more: object = {}): Promise<CompletedPart> {
    const input = { ...this.where, PartNumber, Body, ChecksumAlgorithm: this.algorithm, ...more };
    const { ETag, ChecksumCRC32, ChecksumCRC32C, ChecksumSHA1, ChecksumSHA256 } = await this.s3.send(
      new UploadPartCommand(input),
    );
    return this.algorithm === undefined
      ? { PartNumber, ETag }
      : { PartNumber, ETag, ChecksumCRC32, ChecksumCRC32C, ChecksumSHA1, ChecksumSHA256 };
  }

  async sendAll(bodies: Buffer[]): Promise<CompletedPart[]> {
    const parts: CompletedPart[] = [];
    for (const body of bodies) parts.push(await this.send(parts.length + 1, body));
    return parts;
  }

  async copy(PartNumber: number, CopySource: string, CopySourceRange: string): Promise<CompletedPart> {
    const input = { ...this.where, PartNumber, CopySource, CopySourceRange };
    const { CopyPartResult } = await this.s3.send(new UploadPartCopyCommand(input));
    return { PartNumber, ETag: CopyPartResult?.ETag };
  }

  complete(Parts: CompletedPart[], more: Partial<CompleteMultipartUploadCommandInput> = {}) {
    return this.s3.send(new CompleteMultipartUploadCommand({ ...this.where, MultipartUpload: { Parts }, ...more }));
  }

  list(more: object = {}) {
    return this.s3.send(new ListPartsCommand({ ...this.where, ...more }));
  }

  abort() {
    return this.s3.send(new AbortMultipartUploadCommand(this.where));
  }
}

function base64Crc32(data: Buffer): string {
  const value = Buffer.alloc(4);
  value.writeUInt32BE(crc32(data));
  return value.toString('base64');
}
