/** Looks into the vault with a stock S3 client: what is there, and what a credential is refused. */
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import type { S3Credential } from '../s3';
import { PREFIX, VAULT_BUCKET } from './access';
import type { Scene } from './scene';

export interface StoredKey {
  readonly key: string;
  readonly sizeBytes: number;
}

/** Everything below the source's prefix, as the reader sees it. One page is enough: 1,000 keys. */
export async function listVault(scene: Scene): Promise<StoredKey[]> {
  return withClient(scene, scene.credentials.reader, async (client) => {
    const { Contents } = await client.send(new ListObjectsV2Command({ Bucket: VAULT_BUCKET, Prefix: PREFIX }));
    return (Contents ?? []).map(({ Key, Size }) => ({ key: Key ?? '', sizeBytes: Size ?? NaN }));
  });
}

/** The error code that a credential gets for reading, listing, writing or deleting. `done` when it is allowed. */
export async function tryAll(
  scene: Scene,
  credential: S3Credential,
  key: string,
): Promise<Record<'read' | 'list' | 'write' | 'delete', string>> {
  const target = { Bucket: VAULT_BUCKET, Key: key };
  return withClient(scene, credential, async (client) => ({
    read: await answerTo(() => client.send(new GetObjectCommand(target))),
    list: await answerTo(() => client.send(new ListObjectsV2Command({ Bucket: VAULT_BUCKET, Prefix: PREFIX }))),
    // On a key of its own and only if nothing is there: were it allowed, nothing of worth would be lost.
    write: await answerTo(() =>
      client.send(new PutObjectCommand({ ...target, Key: `${PREFIX}tried`, Body: 'tried', IfNoneMatch: '*' })),
    ),
    delete: await answerTo(() => client.send(new DeleteObjectCommand(target))),
  }));
}

async function answerTo(request: () => Promise<unknown>): Promise<string> {
  try {
    await request();
    return 'done';
  } catch (error) {
    if (error instanceof S3ServiceException) return error.name;
    throw error;
  }
}

async function withClient<T>(
  { s3 }: Scene,
  credentials: S3Credential,
  work: (client: S3Client) => Promise<T>,
): Promise<T> {
  const client = new S3Client({ endpoint: s3.endpoint, region: s3.region, credentials, forcePathStyle: true });
  try {
    return await work(client);
  } finally {
    client.destroy();
  }
}
