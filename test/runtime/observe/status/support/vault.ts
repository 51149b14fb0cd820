// A vault whose clock a test moves, and the runs that leave something in it.
import {
  pointPrefix,
  serialiseManifest,
  VERIFICATION_FORMAT,
  type DumpManifest,
  type Outcome,
  type PointAddress,
  type RetentionClass,
  type Verification,
} from '../../../../../model';
import { PointWriter } from '../../../../../runtime/catalog/point-writer';
import { addressOf } from '../../../../../runtime/catalog/run-id';
import { sha256Of, writeVerification } from '../../../../../runtime/catalog/verification-record';
import { BackupError } from '../../../../../runtime/errors';
import { dumpManifest } from '../../../../support/dump-manifest';
import { MemoryStore } from '../../../../support/memory-store';

const TOOK_MS = 190_000;

export interface RunOptions {
  readonly class?: RetentionClass;
  /** What the writer says, whatever the store's clock says. */
  readonly named?: Date;
  readonly manifest?: Partial<DumpManifest>;
}

export class Vault {
  now: Date;
  readonly store = new MemoryStore(() => this.now);

  constructor(now: string) {
    this.now = new Date(now);
  }

  at(time: string): this {
    this.now = new Date(time);
    return this;
  }

  async begin(options: RunOptions = {}): Promise<PointWriter> {
    const startedAt = options.named ?? this.now;
    const address = addressOf({ source: 'orders', component: 'dump', class: options.class ?? 'daily', startedAt });
    const writer = await PointWriter.claim(this.store, address, startedAt);
    if (writer === 'taken') throw new Error('the address is taken');
    return writer;
  }

  async succeed(options: RunOptions = {}): Promise<PointAddress> {
    const writer = await this.begin(options);
    await writer.finish(manifestOf(writer.address, options.manifest));
    return writer.address;
  }

  /** Ends a run that was begun before. */
  async succeedLater(writer: PointWriter): Promise<void> {
    await writer.finish(manifestOf(writer.address));
  }

  async fail(options: RunOptions = {}): Promise<PointAddress> {
    const writer = await this.begin(options);
    const detail = 'password authentication failed for user "backup"';
    await writer.fail(new BackupError('authentication-failed', 'the server refused', { detail }), this.now);
    return writer.address;
  }

  async verify(
    address: PointAddress,
    outcome: Outcome = 'passed',
    ofManifest = manifestOf(address),
    subject = 'globals.sql.zst',
  ): Promise<void> {
    const findings: Verification['findings'] =
      outcome === 'passed' ? [] : [{ subject, outcome, finding: 'it is gone' }];
    await writeVerification(this.store, pointPrefix(address), {
      format: VERIFICATION_FORMAT,
      point: ofManifest.point,
      source: 'orders',
      component: 'dump',
      outcome,
      depth: 'stored',
      verifiedAt: this.now.toISOString(),
      durationMs: 1,
      manifestSha256: sha256Of(serialiseManifest(ofManifest)),
      findings,
      objects: 1,
      totals: null,
      tool: { name: 'postgres-backup', version: '1.2.3' },
    });
  }
}

export function manifestOf(address: PointAddress, changes: Partial<DumpManifest> = {}): DumpManifest {
  const sha256 = 'a'.repeat(64);
  const object = {
    key: `${pointPrefix(address)}globals.sql.zst`,
    versionId: 'v1',
    sizeBytes: 1200,
    sha256,
    crc32: 'AAAAAA==',
    parts: [{ sizeBytes: 1200, sha256 }],
  };
  const content = {
    data: [{ object, class: 'important', tables: [0, 1], rest: true }],
    tables: [
      { schema: 'public', name: 'a', class: 'important', rows: 212_400 },
      { schema: 'public', name: 'b', class: 'important', rows: 8 },
    ],
  } as const;
  const finishedAt = new Date(address.time.getTime() + TOOK_MS).toISOString();
  return dumpManifest(address, content, { finishedAt, ...changes });
}
