/** A vault, a replica with objects as S3's replication would have copied them, and a bucket with lists of it. */
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { openS3Bucket } from '../../../../../runtime/store/s3-bucket';
import { createS3Client } from '../../../../../runtime/store/s3-client';
import { openS3Store } from '../../../../../runtime/store/s3-store';
import type { MirrorLab, MirrorRunOptions, MirrorWorld } from '../support';

/** Key, version, is latest, is a delete marker, bytes, time, ETag, class. */
export type Row = [string, string, boolean, boolean, number, string, string, string];

export const CONFIG = 'postgres-backup';
export const LISTED_AT = Date.UTC(2026, 10, 19, 22);

export interface ListRequest {
  readonly rows?: readonly Row[];
  /** As many more, made up. */
  readonly count?: number;
  readonly at?: number;
  readonly schema?: readonly string[];
  /** Changes a file, by its name below the folder of all lists; `undefined` leaves it out. */
  readonly tamper?: (name: string, content: Buffer) => Buffer | undefined;
}

export class ReplicaWorld {
  private readonly client;

  private constructor(
    readonly world: MirrorWorld,
    readonly replica: string,
    readonly lists: string,
  ) {
    this.client = createS3Client(world.connection);
  }

  static async make(lab: MirrorLab, name: string): Promise<ReplicaWorld> {
    const world = await lab.world(name);
    const [replica, lists] = [`${name}-replica`, `${name}-lists`];
    await lab.server.createBucket(replica, { versioning: true });
    await lab.server.createBucket(lists);
    return new ReplicaWorld(world, replica, lists);
  }

  run(options: MirrorRunOptions = {}) {
    const { connection } = this.world;
    const mirror = {
      from: openS3Bucket({ bucket: this.replica, prefix: 'in/' }, connection),
      listings: openS3Bucket({ bucket: this.lists, prefix: `${this.replica}/${CONFIG}/` }, connection),
      ...options.mirror,
    };
    return this.world.made({ ...options, mirror });
  }

  async put(Key: string, body: string | Buffer, rest: object = {}): Promise<string> {
    const { VersionId = '' } = await this.client.send(
      new PutObjectCommand({ Bucket: this.replica, Key: `in/${Key}`, Body: Buffer.from(body), ...rest }),
    );
    return VersionId;
  }

  async hide(Key: string): Promise<void> {
    await this.client.send(new DeleteObjectCommand({ Bucket: this.replica, Key: `in/${Key}` }));
  }

  async remove(Key: string, VersionId: string): Promise<void> {
    await this.client.send(new DeleteObjectCommand({ Bucket: this.replica, Key: `in/${Key}`, VersionId }));
  }

  rows = (): Promise<Row[]> => versionRows(this.client, this.replica);

  /** Publishes a list, of what is there now if nothing else is said. */
  list = async (request: ListRequest = {}): Promise<void> => {
    const { rows = request.count === undefined ? await this.rows() : [] } = request;
    await publishList(this.client, { bucket: this.replica, lists: this.lists }, { ...request, rows });
  };

  async read(bucket: string, Key: string): Promise<{ body: string; tags: Record<string, string>; type?: string }> {
    const answer = await this.client.send(new GetObjectCommand({ Bucket: bucket, Key }));
    const { TagSet = [] } = await this.client.send(new GetObjectTaggingCommand({ Bucket: bucket, Key }));
    const tags = Object.fromEntries(TagSet.map(({ Key: name, Value }) => [name ?? '', Value ?? '']));
    return { body: (await answer.Body?.transformToString()) ?? '', tags, type: answer.ContentType };
  }

  openReplica = (uri: string) => openS3Store(uri, this.world.connection);
}

export const SHA256 = { ChecksumAlgorithm: 'SHA256' };

/** With keys of every kind; one written over, one deleted. */
export async function filledReplica(
  lab: MirrorLab,
  name: string,
): Promise<{ replica: ReplicaWorld; versions: Map<string, string> }> {
  const replica = await ReplicaWorld.make(lab, name);
  const keys = ['a', 'a b+c', 'ä/ö.txt', '\u{1F600}', '\uFFFD', 'quote"comma,', 'a/', 'z%20', 'new\nline'];
  const versions = new Map<string, string>();
  await replica.put('a', 'old', SHA256);
  for (const key of keys) versions.set(key, await replica.put(key, `of ${key}`, SHA256));
  await replica.put('deleted', 'gone', SHA256);
  await replica.hide('deleted');
  return { replica, versions };
}

/** All versions of a bucket, as S3 would list them. */
export async function versionRows(client: S3Client, bucket: string): Promise<Row[]> {
  const { Versions = [], DeleteMarkers = [] } = await client.send(new ListObjectVersionsCommand({ Bucket: bucket }));
  const time = (at: Date | undefined) => at?.toISOString() ?? '';
  return [
    ...Versions.map(({ Key = '', VersionId = '', IsLatest = false, Size = 0, LastModified, ETag = '' }): Row => {
      return [Key, VersionId, IsLatest, false, Size, time(LastModified), ETag, 'STANDARD'];
    }),
    ...DeleteMarkers.map(({ Key = '', VersionId = '', IsLatest = false, LastModified }): Row => {
      return [Key, VersionId, IsLatest, true, 0, time(LastModified), '', ''];
    }),
  ];
}

/** Publishes a list of `bucket` in the bucket `lists`, as S3 Inventory would. */
export async function publishList(
  client: S3Client,
  { bucket, lists }: { readonly bucket: string; readonly lists: string },
  { tamper = (_name, content) => content, at = LISTED_AT, rows = [], ...request }: ListRequest,
): Promise<void> {
  const directory = await mkdtemp(path.join(tmpdir(), 'list-test-'));
  try {
    await runPython(directory, { ...request, bucket, config: CONFIG, at, rows });
    const names = await readdir(directory, { recursive: true, withFileTypes: true });
    // What has a checksum before what tells it.
    const rank = ({ name }: { name: string }) => ['gz', 'json', 'checksum'].findIndex((end) => name.endsWith(end));
    names.sort((one, other) => rank(one) - rank(other));
    for (const entry of names.filter((one) => one.isFile())) {
      const file = path.join(entry.parentPath, entry.name);
      const name = path.relative(directory, file);
      const content = tamper(name.split('/').slice(2).join('/'), await readFile(file));
      if (content) await client.send(new PutObjectCommand({ Bucket: lists, Key: name, Body: content }));
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function runPython(directory: string, request: object): Promise<void> {
  const run = promisify(execFile)('python3', [path.join(__dirname, 'make_list.py'), directory, '7']);
  run.child.stdin?.end(JSON.stringify(request));
  await run;
}
