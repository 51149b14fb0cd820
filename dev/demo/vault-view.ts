/** Looks into the vault with a stock S3 client: what is there, and what a credential is refused. */
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { componentPrefix } from '../../model';
import type { Credential } from '../aws/iam/policy';
import type { Scene } from './scene';
import { ON_CALL, SOURCE } from './stack';

const PREFIX = componentPrefix(SOURCE, 'dump');

export interface StoredKey {
  readonly key: string;
  readonly sizeBytes: number;
}

/** Everything below the component's prefix, as whoever is on call sees it. One page is enough: 1,000 keys. */
export async function listVault(scene: Scene): Promise<StoredKey[]> {
  return withClient(scene, roleOnCall(scene), async (client) => {
    const { Contents } = await client.send(new ListObjectsV2Command({ Bucket: scene.vault, Prefix: PREFIX }));
    return (Contents ?? []).map(({ Key, Size }) => ({ key: Key ?? '', sizeBytes: Size ?? NaN }));
  });
}

/** The access key of whoever may restore. */
export function roleOnCall({ cloud }: Scene): Credential {
  return cloud.iam.role(ON_CALL).credential;
}

/** The access key of the backup task. */
export function roleOfTask({ cloud }: Scene): Credential {
  const [role] = cloud.iam.allRoles().filter(({ name }) => /DumpTaskTaskRole/.test(name));
  return role.credential;
}

/** The error code that a credential gets for reading, listing, writing or deleting. `done` when it is allowed. */
export async function tryAll(
  scene: Scene,
  credential: Credential,
  key: string,
): Promise<Record<'read' | 'list' | 'write' | 'delete', string>> {
  const target = { Bucket: scene.vault, Key: key };
  return withClient(scene, credential, async (client) => ({
    read: await answerTo(() => client.send(new GetObjectCommand(target))),
    list: await answerTo(() => client.send(new ListObjectsV2Command({ Bucket: scene.vault, Prefix: PREFIX }))),
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
  { cloud }: Scene,
  credentials: Credential,
  work: (client: S3Client) => Promise<T>,
): Promise<T> {
  const { endpoint, region } = cloud.s3;
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
  // The stand-in's time is not this machine's.
  client.config.systemClockOffset = cloud.now().getTime() - Date.now();
  try {
    return await work(client);
  } finally {
    client.destroy();
  }
}
