/** A mirror whose days pass: the clock of the machine is moved, so that the server, the runs and the requests agree about it. */
import { EXPIRY_TAG, MANIFEST_NAME, pointPrefix, type ObjectsManifest, type RetentionPolicy } from '../../../../model';
import { listPoints, readPoint } from '../../../../runtime/catalog/catalog';
import { sha256Of } from '../../../../runtime/catalog/verification-record';
import { readText } from '../../../../runtime/catalog/read-text';
import { verifyObjects } from '../../../../runtime/components/objects/verify';
import type { RecoveryPoint } from '../../../../runtime/catalog/recovery-point';
import { applyRetention } from '../../../../runtime/retention/apply-retention';
import { endMirrored, type EndedVersions } from '../../../../runtime/retention/mirrored/end-mirrored';
import { planRetention } from '../../../../runtime/retention/plan-retention';
import type { ObjectStore } from '../../../../runtime/store/store';
import { MirrorLab, SOURCE, type MirrorRunOptions, type MirrorWorld } from '../../components/objects/support';
import { DAY_MS, storeVerification } from '../support';

const BEGIN = Date.UTC(2026, 0, 1, 3);

/** As the vault's own rules: see lib/backup-vault.ts. */
const LIFECYCLE = `<LifecycleConfiguration>
  <Rule><ID>clean-up</ID><Status>Enabled</Status><Filter/><Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration></Rule>
  <Rule><ID>expire-marked</ID><Status>Enabled</Status>
    <Filter><Tag><Key>${EXPIRY_TAG.key}</Key><Value>${EXPIRY_TAG.value}</Value></Tag></Filter>
    <Expiration><Days>1</Days></Expiration>
    <NoncurrentVersionExpiration><NoncurrentDays>7</NoncurrentDays></NoncurrentVersionExpiration>
  </Rule>
</LifecycleConfiguration>`;

/** Moves the date and leaves all timers alone. Undone by `jest.useRealTimers`. */
export function moveToDay(day: number): void {
  jest.useFakeTimers({
    now: BEGIN + day * DAY_MS,
    doNotFake: [
      'hrtime',
      'nextTick',
      'performance',
      'queueMicrotask',
      'setImmediate',
      'clearImmediate',
      'setInterval',
      'clearInterval',
      'setTimeout',
      'clearTimeout',
    ],
  });
}

export function startAgeingLab(): Promise<MirrorLab> {
  moveToDay(0);
  return MirrorLab.start(() => new Date());
}

export class AgeingMirror {
  private constructor(readonly world: MirrorWorld) {}

  static async begin(lab: MirrorLab, name: string): Promise<AgeingMirror> {
    return new AgeingMirror(await lab.world(name, { versioning: true, documents: { lifecycle: LIFECYCLE } }));
  }

  /** Runs the mirror and writes down that its recovery point is good. */
  async made(options: MirrorRunOptions = {}): Promise<ObjectsManifest> {
    const manifest = await this.world.made(options);
    const [address] = await listPoints(this.world.store, SOURCE, 'objects');
    const text = await readText(this.world.store, `${pointPrefix(address)}${MANIFEST_NAME}`);
    await storeVerification(this.world.store, address, 'passed', sha256Of(text ?? ''));
    return manifest;
  }

  async markPoints(keepDays: number): Promise<void> {
    const policy: RetentionPolicy = {
      classes: { daily: { keepSeconds: (keepDays * DAY_MS) / 1000 } },
      minimumVerified: 1,
    };
    const plan = await planRetention({ source: SOURCE, component: 'objects', policy }, this.context());
    await applyRetention(plan, this.context());
  }

  end(mode: 'show' | 'mark' = 'mark', store: ObjectStore = this.world.store): Promise<EndedVersions> {
    return endMirrored({ source: SOURCE, mode }, { ...this.context(), store });
  }

  /** What S3 does in a night; twice, as a delete marker is only removed when nothing is below it. */
  async night(): Promise<void> {
    for (const _ of [1, 2]) await this.world.lab.server.applyLifecycle(this.world.vaultBucket);
  }

  /** Versions of mirrored objects: `key content`, with a star where it is marked. In order. */
  async mirrored(): Promise<string[]> {
    const { store } = this.world;
    const found: string[] = [];
    for await (const { key, versionId } of store.versions(`${SOURCE}/mirrors/`)) {
      const tags = await store.tags(key, versionId);
      const content = await this.world.read(this.world.vaultBucket, `team/${key}`, versionId);
      const name = key
        .slice(`${SOURCE}/mirrors/`.length)
        .replace(/^uploads\//, '')
        .replace(/[0-9a-f]{64}/, '…');
      found.push(`${name} ${content.toString()}${EXPIRY_TAG.key in tags ? '*' : ''}`);
    }
    return found.sort();
  }

  /** Every recovery point that can be seen, with what it restores: read byte for byte, and of versions that are not marked. */
  async points(): Promise<Record<string, string>[]> {
    const { store } = this.world;
    const restored: Record<string, string>[] = [];
    for (const address of await listPoints(store, SOURCE, 'objects')) {
      const point = (await readPoint(store, address)) as RecoveryPoint<ObjectsManifest>;
      const report = await verifyObjects(point, 'read', this.world.context());
      if (report.outcome !== 'passed') throw new Error(JSON.stringify(report.objects));
      restored.unshift(await this.contentOf(point.manifest));
    }
    return restored;
  }

  private async contentOf(manifest: ObjectsManifest): Promise<Record<string, string>> {
    const content: Record<string, string> = {};
    for (const { key, versionId, long } of await this.world.entries(manifest)) {
      const folder = long === undefined ? `uploads/${key}` : `uploads.long/${long}`;
      const tags = await this.world.store.tags(`${SOURCE}/mirrors/${folder}`, versionId);
      if (EXPIRY_TAG.key in tags) throw new Error(`${manifest.point} names a version of ${key} that is marked`);
      const bytes = await this.world.read(this.world.vaultBucket, `team/${SOURCE}/mirrors/${folder}`, versionId);
      content[long === undefined ? key : 'long'] = bytes.toString();
    }
    return content;
  }

  private context() {
    return { store: this.world.store, signal: new AbortController().signal, now: () => new Date() };
  }
}
