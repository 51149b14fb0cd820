/** What the plan promised of each recovery point, kept by itself: from when the store received it, and the template's policy. */
import {
  ENVIRONMENT,
  EXPIRY_TAG,
  MANIFEST_NAME,
  parsePointPrefix,
  pointId,
  pointPrefix,
  type PointAddress,
} from '../../../model';
import { parsePolicy } from '../../../runtime/retention/parse-policy';
import { findPoint, listPoints, readPoint } from '../../../runtime/catalog/catalog';
import type { World } from './world';

const DAY_SECONDS = 86_400;
/** Retention and the vault's lifecycle each look once a day. */
const ENDS_WITHIN_SECONDS = 2 * DAY_SECONDS + 3_600;

interface Made {
  readonly address: PointAddress;
  readonly at: Date;
}

/** Notes every point that is made, and tells what is otherwise than promised. */
export class RetentionPromise {
  readonly made: Made[] = [];
  private readonly source: string;
  private readonly policy: ReturnType<typeof parsePolicy>;

  constructor(private readonly world: World) {
    const { deployment, store, clock } = world;
    this.source = deployment.taskEnvironment[ENVIRONMENT.source];
    const retention = deployment.functions.find(({ code }) => code === 'retention');
    this.policy = parsePolicy(retention?.environment[ENVIRONMENT.retention] ?? '');
    const announce = store.onCreated;
    store.onCreated = (key) => {
      const address = key.endsWith(`/${MANIFEST_NAME}`) ? parsePointPrefix(key) : undefined;
      if (address) this.made.push({ address, at: clock.now() });
      announce(key);
    };
  }

  /** Everything that is not as promised now. */
  async broken(): Promise<string[]> {
    const kept = await this.kept();
    const stayed = this.made.filter((made) => this.shouldHaveEnded(made) && kept.has(pointPrefix(made.address)));
    return [
      ...(await this.ended()),
      ...stayed.map(({ address }) => `${pointPrefix(address)} stayed`),
      ...(await this.wrongVerified(kept)),
      ...(await this.wrongLatest()),
    ];
  }

  /** What ended before its time, or lost anything, of those that are meant. */
  async ended(isMeant: (made: Made) => boolean = () => true): Promise<string[]> {
    const kept = await this.kept();
    const found: string[] = [];
    for (const made of this.made.filter((one) => isMeant(one) && this.ageSeconds(one) < this.keepSeconds(one))) {
      const prefix = pointPrefix(made.address);
      if (kept.has(prefix)) found.push(...(await this.missingOf(made.address)));
      else found.push(`${prefix} ended ${this.ageSeconds(made)} s old`);
    }
    return found;
  }

  /** How many of a class there are now. */
  async count(): Promise<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const { class: name } of await listPoints(this.world.store, this.source, 'dump')) {
      counts[name] = (counts[name] ?? 0) + 1;
    }
    return counts;
  }

  private async missingOf(address: PointAddress): Promise<string[]> {
    const { manifest } = await readPoint(this.world.store, address);
    if (manifest.component !== 'dump') throw new Error('the simulation makes dumps');
    const { store } = this.world;
    const missing: string[] = [];
    const { [EXPIRY_TAG.key]: mark } = await store.tags(`${pointPrefix(address)}${MANIFEST_NAME}`, null);
    if (mark !== undefined) missing.push(`${pointPrefix(address)} is marked to end`);
    for (const object of [
      manifest.globals,
      ...manifest.databases.flatMap(({ schema, data }) => [schema, data[0].object]),
    ]) {
      if (object && !(await store.head(object.key, object))) missing.push(`${object.key} is gone`);
    }
    return missing;
  }

  private async kept(): Promise<Set<string>> {
    return new Set((await listPoints(this.world.store, this.source, 'dump')).map(pointPrefix));
  }

  private keepSeconds({ address }: Made): number {
    return this.policy.classes[address.class]?.keepSeconds ?? Infinity;
  }

  private ageSeconds({ at }: Made): number {
    return (this.world.clock.now().getTime() - at.getTime()) / 1000;
  }

  /** So many of the newest stay, whatever their age. */
  private shouldHaveEnded(made: Made): boolean {
    const isAmongNewest = this.made.slice(-this.policy.minimumVerified).includes(made);
    return !isAmongNewest && this.ageSeconds(made) > this.keepSeconds(made) + ENDS_WITHIN_SECONDS;
  }

  private async wrongVerified(kept: ReadonlySet<string>): Promise<string[]> {
    const { store } = this.world;
    const wanted = Math.min(this.policy.minimumVerified, this.made.length);
    let verified = 0;
    for (const { address } of [...this.made].reverse()) {
      if (verified >= wanted) break;
      if (kept.has(pointPrefix(address)) && (await readPoint(store, address)).verification === 'passed') verified += 1;
    }
    return verified < wanted ? [`only ${verified} verified points of ${wanted}`] : [];
  }

  private async wrongLatest(): Promise<string[]> {
    const newest = this.made.at(-1);
    if (!newest) return [];
    const { address } = await findPoint(this.world.store, this.source, 'dump', 'latest');
    const isNewest = pointId(address) === pointId(newest.address);
    return isNewest ? [] : [`latest is ${pointId(address)}, the newest good one ${pointId(newest.address)}`];
  }
}
