/** The three forms of the `aws` command that the guide uses, for machines that do not have it: `aws s3 ls [--recursive] URI`, `aws s3 cp URI -`. */
import { pipeline } from 'node:stream/promises';
import type { Readable } from 'node:stream';
import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';

async function main([service, command, ...rest]: string[]): Promise<void> {
  const [uri, target] = rest.filter((word) => word !== '--recursive');
  const [, bucket, key] = /^s3:\/\/([^/]+)\/(.*)$/.exec(uri) ?? [];
  if (service !== 's3' || bucket === undefined) throw new Error(`not understood: ${service} ${command} ${uri}`);
  const client = new S3Client({ forcePathStyle: true });
  if (command === 'cp' && target === '-') return copy(client, bucket, key);
  if (command === 'ls') return list(client, bucket, key, rest.includes('--recursive') ? undefined : '/');
  throw new Error(`not understood: ${command} ${rest.join(' ')}`);
}

async function copy(client: S3Client, bucket: string, key: string): Promise<void> {
  const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
  await pipeline(Body as Readable, process.stdout);
}

/** Names without the folder, but whole keys with `--recursive`, as the command has it. */
async function list(client: S3Client, bucket: string, prefix: string, delimiter?: string): Promise<void> {
  const request = new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, Delimiter: delimiter });
  const { Contents } = await client.send(request);
  for (const { Key = '', Size = 0, LastModified } of Contents ?? []) {
    const shown = delimiter === undefined ? Key : Key.slice(Key.lastIndexOf('/') + 1);
    const time = LastModified?.toISOString().slice(0, 19).replace('T', ' ') ?? '';
    console.log(`${time} ${String(Size).padStart(10)} ${shown}`);
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
