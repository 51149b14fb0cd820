/** A vault and a source on the S3 server, and runs of a mirror between them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DeleteObjectCommand, GetObjectCommand, ListObjectVersionsCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import {
  FaultPlan,
  startS3Server,
  type AuthorizationRequest,
  type BucketSettings,
  type ObjectEvent,
  type S3Server,
  type ServedRequest,
} from '../../../../dev/s3';
import type { InventoryEntry, ObjectsManifest, RetentionClass } from '../../../../model';
import { findPoint } from '../../../../runtime/catalog/catalog';
import type { RecoveryPoint } from '../../../../runtime/catalog/recovery-point';
import { backupObjects } from '../../../../runtime/components/objects/backup';
import { readInventory } from '../../../../runtime/components/objects/inventory/read-inventory';
import {
  DEFAULT_MIRROR_SETTINGS,
  type MirrorContext,
  type MirrorRequest,
  type MirrorSettings,
  type MirrorsResult,
} from '../../../../runtime/components/objects/types';
import { silentReporter } from '../../../../runtime/observe/reporter';
import type { Bucket } from '../../../../runtime/store/bucket';
import { openS3Bucket } from '../../../../runtime/store/s3-bucket';
import { createS3Client, type S3Connection } from '../../../../runtime/store/s3-client';
import { openS3Store } from '../../../../runtime/store/s3-store';
import type { ObjectStore } from '../../../../runtime/store/store';

export const SOURCE = 'orders';

export interface MirrorRunOptions {
  readonly mirror?: Partial<MirrorRequest>;
  readonly given?: 'everything' | 'some';
  readonly settings?: Partial<MirrorSettings>;
  readonly class?: RetentionClass;
  readonly scheduledAt?: Date;
  readonly signal?: AbortSignal;
  readonly store?: ObjectStore;
  /** In place of the world's. */
  readonly vault?: Bucket;
  /** Takes what the run warns of. */
  readonly warn?: (message: string) => void;
  /** By how much the run's clock is ahead. */
  readonly laterHours?: number;
}

export class MirrorLab {
  authorize: (request: AuthorizationRequest) => boolean = () => true;
  readonly requests: ServedRequest[] = [];
  readonly events: ObjectEvent[] = [];
  /** Every run is a minute after the one before: points are told apart by the second. */
  private minutes = 0;

  private constructor(
    readonly server: S3Server,
    readonly faults: FaultPlan,
    private readonly directory: string,
    private readonly connection: S3Connection,
    private readonly now: (() => Date) | undefined,
  ) {}

  /** @param now the time of the server and of the runs; by default the system's, and a minute more for each run */
  static async start(now?: () => Date): Promise<MirrorLab> {
    const directory = await mkdtemp(path.join(tmpdir(), 'mirror-test-'));
    const faults = new FaultPlan({ seed: 3 });
    const server = await startS3Server({
      directory,
      faults,
      authorize: (request) => lab.authorize(request),
      onRequest: (request) => lab.requests.push(request),
      onObjectEvent: (event) => lab.events.push(event),
      now,
    });
    const connection = { endpoint: server.endpoint, credentials: server.credentials, maxAttempts: 3 };
    const lab = new MirrorLab(server, faults, directory, connection, now);
    return lab;
  }

  /** A vault and a source of their own for one test. */
  async world(name: string, vault: BucketSettings = { versioning: true }): Promise<MirrorWorld> {
    await this.server.createBucket(`${name}-vault`, vault);
    await this.server.createBucket(`${name}-source`);
    this.faults.clear();
    this.authorize = () => true;
    const nextTime = this.now ?? (() => new Date(Date.UTC(2026, 10, 20, 2, (this.minutes += 1))));
    return new MirrorWorld(this, name, this.connection, nextTime);
  }

  async close(): Promise<void> {
    await this.server.close();
    await rm(this.directory, { recursive: true, force: true });
  }
}

export class MirrorWorld {
  readonly store: ObjectStore;
  readonly vault: Bucket;
  readonly from: Bucket;
  readonly vaultBucket: string;
  readonly sourceBucket: string;
  private readonly client;

  constructor(
    readonly lab: MirrorLab,
    name: string,
    readonly connection: S3Connection,
    private readonly nextTime: () => Date,
  ) {
    this.vaultBucket = `${name}-vault`;
    this.sourceBucket = `${name}-source`;
    this.store = openS3Store(`s3://${this.vaultBucket}/team`, connection);
    this.vault = openS3Bucket({ bucket: this.vaultBucket, prefix: 'team/' }, connection);
    this.from = openS3Bucket({ bucket: this.sourceBucket, prefix: '' }, connection);
    this.client = createS3Client(connection);
  }

  context(options: Pick<MirrorRunOptions, 'signal' | 'store' | 'warn' | 'laterHours'> = {}): MirrorContext {
    const now = new Date(this.nextTime().getTime() + (options.laterHours ?? 0) * 3_600_000);
    const { store = this.store, signal = new AbortController().signal } = options;
    const reporter = { ...silentReporter, ...(options.warn && { warn: options.warn }) };
    return { store, signal, reporter, now: () => now };
  }

  run(options: MirrorRunOptions = {}): Promise<MirrorsResult> {
    const mirror: MirrorRequest = {
      name: 'uploads',
      from: this.from,
      endpoint: null,
      way: 'by the store',
      include: [],
      exclude: [],
      tags: 'keep',
      ...options.mirror,
    };
    const settings = { ...DEFAULT_MIRROR_SETTINGS, ...options.settings };
    const { scheduledAt } = options;
    const request = {
      source: SOURCE,
      class: options.class ?? 'daily',
      scheduledAt,
      mirrors: [mirror],
      given: options.given,
      vault: options.vault ?? this.vault,
      settings,
    };
    return backupObjects(request, this.context(options));
  }

  /** Runs it and gives the manifest. */
  async made(options: MirrorRunOptions = {}): Promise<ObjectsManifest> {
    const result = await this.run(options);
    if (result.outcome !== 'made') throw new Error(`skipped: ${result.reason}`);
    return result.manifest;
  }

  latest(point = 'latest'): Promise<RecoveryPoint<ObjectsManifest>> {
    return findPoint(this.store, SOURCE, 'objects', point);
  }

  async entries(manifest: ObjectsManifest): Promise<InventoryEntry[]> {
    const found: InventoryEntry[] = [];
    const [mirror] = manifest.mirrors;
    for await (const batch of readInventory(this.store, mirror, manifest.objects, new AbortController().signal)) {
      found.push(...batch.map(({ line }) => JSON.parse(line) as InventoryEntry));
    }
    return found;
  }

  async put(Key: string, body: Buffer | string, rest: object = {}): Promise<void> {
    await this.client.send(new PutObjectCommand({ Bucket: this.sourceBucket, Key, Body: Buffer.from(body), ...rest }));
  }

  async remove(Key: string): Promise<void> {
    await this.client.send(new DeleteObjectCommand({ Bucket: this.sourceBucket, Key }));
  }

  async sourceVersions(prefix: string): Promise<{ versionId: string }[]> {
    const request = { Bucket: this.sourceBucket, Prefix: prefix };
    const { Versions = [] } = await this.client.send(new ListObjectVersionsCommand(request));
    return Versions.map(({ VersionId = '' }) => ({ versionId: VersionId }));
  }

  async removeVersion(Key: string, VersionId: string): Promise<void> {
    await this.client.send(new DeleteObjectCommand({ Bucket: this.sourceBucket, Key, VersionId }));
  }

  /** Lays a delete marker over what the vault has under a key. */
  async hide(key: string): Promise<void> {
    await this.client.send(new DeleteObjectCommand({ Bucket: this.vaultBucket, Key: `team/${key}` }));
  }

  /** What a version in the vault holds. */
  async stored(key: string, versionId: string): Promise<Buffer> {
    return this.read(this.vaultBucket, `team/${SOURCE}/mirrors/uploads/${key}`, versionId);
  }

  async read(Bucket: string, Key: string, VersionId?: string): Promise<Buffer> {
    const answer = await this.client.send(new GetObjectCommand({ Bucket, Key, VersionId }));
    return Buffer.from((await answer.Body?.transformToByteArray()) ?? []);
  }

  /** Versions and delete markers below a prefix of the vault. */
  async versions(prefix: string): Promise<{ versions: number; markers: number }> {
    const answer = await this.client.send(
      new ListObjectVersionsCommand({ Bucket: this.vaultBucket, Prefix: `team/${prefix}` }),
    );
    return { versions: answer.Versions?.length ?? 0, markers: answer.DeleteMarkers?.length ?? 0 };
  }
}
