/**
 * Whatever keys, metadata and tags there are, and whatever changes while a run copies: what a recovery point names was at the source at
 * some moment of the run, whole, with what described it then; and what did not change is there.
 */
import { createHash } from 'node:crypto';
import { Seeded } from '../../../support/seeded';
import { MirrorLab, type MirrorWorld } from './support';

const SEEDS = [101, 102, 103, 104];
const OBJECTS = 12;
const CHANGES_IN_A_RUN = 8;
const PIECES = ['a', 'b/', '/', ' ', '+', '%2F', 'é', '😀', '\uffee', '..', '"<&>', '\\', '\t', 'A~'];

let lab: MirrorLab;

beforeAll(async () => {
  lab = await MirrorLab.start();
});
afterAll(() => lab.close());

/** A state of an object: what it held, and its describing metadata, as one text. */
const stateOf = (content: string, note: string | undefined) => `${note ?? ''}:${content}`;

class ChangingSource {
  /** Each state that a key had since the run began; undefined: it was not there. */
  readonly states = new Map<string, Set<string | undefined>>();
  private readonly now = new Map<string, string>();

  constructor(
    private readonly world: MirrorWorld,
    private readonly random: Seeded,
  ) {}

  beginRun(): void {
    for (const key of this.states.keys()) this.states.set(key, new Set([this.now.get(key)]));
  }

  async change(): Promise<void> {
    const known = [...this.states.keys()];
    const key = known.length >= OBJECTS ? this.random.pick(known) : this.newKey();
    const states = this.states.get(key) ?? new Set([this.now.get(key)]);
    this.states.set(key, states);
    if (this.now.has(key) && this.random.below(4) === 0) {
      await this.world.remove(key);
      this.now.delete(key);
    } else {
      const content = 'x'.repeat(this.random.below(3) * this.random.below(2000)) + this.random.below(1e6);
      const note = `n${this.random.below(1000)}`;
      // Noted first: a copy may see it before the writer hears of it.
      states.add(stateOf(content, note));
      await this.world.put(key, content, { Metadata: { note }, Tagging: `k=${this.random.below(9)}` });
      this.now.set(key, stateOf(content, note));
    }
    states.add(this.now.get(key));
  }

  private newKey(): string {
    return `k${Array.from({ length: 1 + this.random.below(4) }, () => this.random.pick(PIECES)).join('')}`;
  }
}

test.each(SEEDS.flatMap((seed) => [[seed, 'by the store'] as const, [seed, 'through here'] as const]))(
  'seed %d, copied %s',
  async (seed, way) => {
    const random = new Seeded(seed);
    const world = await lab.world(`any-${seed}-${way.slice(0, 2)}`);
    const source = new ChangingSource(world, random);
    for (let run = 0; run < 3; run += 1) {
      while (source.states.size < OBJECTS || random.below(3) > 0) await source.change();
      source.beginRun();
      for (let n = 0; n < CHANGES_IN_A_RUN; n += 1) {
        lab.faults.add({
          bucket: random.pick([world.sourceBucket, world.vaultBucket]),
          nth: 1 + random.below(30),
          fault: { kind: 'interfere', act: () => source.change() },
        });
      }
      const manifest = await world.made({ mirror: { way }, settings: { loss: 'accept', concurrency: 3 } });
      lab.faults.clear();
      const named = new Map<string, string>();
      for (const { key, versionId, sha256 } of await world.entries(manifest)) {
        const content = await world.stored(key, versionId);
        expect(createHash('sha256').update(content).digest('hex')).toBe(sha256);
        const described = await world.vault.describe(`orders/mirrors/uploads/${key}`, { versionId });
        named.set(key, stateOf(content.toString(), described?.attributes['x-amz-meta-note']));
      }
      const missing = new Set(manifest.mirrors[0].missing.examples.map(({ key }) => key));
      for (const [key, states] of source.states) {
        if (!missing.has(key)) expect([...states]).toContain(named.get(key));
      }
      expect([...named.keys()].filter((key) => !source.states.has(key))).toEqual([]);
    }
  },
);
