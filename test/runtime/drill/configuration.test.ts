/** The envelope of a configuration is opened for practice, in memory: every value is what it was, and none of it shows. */
import { createHash, randomBytes } from 'node:crypto';
import { MANIFEST_NAME, type ConfigurationManifest, type Drill } from '../../../model';
import { listPoints } from '../../../runtime/catalog/catalog';
import { readText } from '../../../runtime/catalog/read-text';
import { sha256Of } from '../../../runtime/catalog/verification-record';
import { backupConfiguration } from '../../../runtime/components/configuration/backup';
import type { ConfigurationServices, EnvelopeKeys } from '../../../runtime/components/configuration/types';
import { runDrill } from '../../../runtime/drill/drill';
import { BackupError } from '../../../runtime/errors';
import { silentReporter } from '../../../runtime/observe/reporter';
import { MemoryStore } from '../../support/memory-store';
import { storeVerification } from '../retention/support';
import { comparison } from './base-backup/support';
import { findings } from './support/drill-lab';

const SECRET = 'hunter2-hunter2';
const NOW = new Date('2026-11-20T05:40:00Z');
const plain = randomBytes(32);
const KEYS: EnvelopeKeys = {
  generate: async (keyId) => ({ keyArn: keyId, plain: Buffer.from(plain), encrypted: Buffer.from('sealed') }),
  decrypt: async () => Buffer.from(plain),
};

let store: MemoryStore;
let manifest: ConfigurationManifest;
let prefix: string;

beforeEach(async () => {
  store = new MemoryStore();
  manifest = await backUp();
  prefix = manifest.objects[0].key.replace(/[^/]+$/, '');
});

async function backUp(at = NOW): Promise<ConfigurationManifest> {
  const services = {
    readParameter: async (name: string) =>
      ({ kind: 'parameter', name, type: 'SecureString', version: '1', value: Buffer.from(SECRET) }) as const,
  } as ConfigurationServices;
  const request = {
    source: 'orders',
    class: 'daily' as const,
    envelopeKey: 'arn:aws:kms:eu-central-1:111122223333:key/1',
    parameters: ['/orders/a', '/orders/b'],
    parameterPaths: [],
    secrets: [],
    texts: [],
  };
  const made = await backupConfiguration(request, context(at), services, KEYS);
  if (made.outcome !== 'made') throw new Error('it was skipped');
  return made.manifest;
}

function context(now = NOW) {
  return {
    store,
    reporter: silentReporter,
    signal: new AbortController().signal,
    now: () => now,
  };
}

async function drill(keys: EnvelopeKeys = KEYS, point = 'latest'): Promise<Drill> {
  const request = {
    source: 'orders',
    component: 'configuration',
    point,
    checks: [],
    jobs: 1,
    allowedExtensions: [],
    keys,
  } as const;
  return (await runDrill({ ...request, where: { host: 'lab', user: 'tester', task: null } }, context())).drill;
}

test('passes, writes nothing but the record, and tells no value nor a digest of one', async () => {
  const before = store.keys();
  const made = await drill();
  expect(findings(made)).toBe('');
  expect(made).toMatchObject({ outcome: 'passed', component: 'configuration' });
  expect(comparison(made, 'entries').compared).toBe(2);
  expect(made.restoreMs).not.toBeNull();
  const written = store.keys().filter((key) => !before.includes(key));
  expect(written).toEqual([expect.stringMatching(/^orders\/drills\/configuration\/2026\/11\/20\/.*\/drill\.json$/)]);
  expect(store.bytesOf(written[0])?.toString()).not.toContain(SECRET);
  expect(store.bytesOf(written[0])?.toString()).not.toContain(createHash('sha256').update(SECRET).digest('hex'));
});

test('a value that is not the one that was backed up, although the envelope opens', async () => {
  const [first, ...rest] = manifest.entries;
  const entries = [{ ...first, keyedDigest: '0'.repeat(64) }, ...rest];
  store.damage(`${prefix}${MANIFEST_NAME}`, () => Buffer.from(JSON.stringify({ ...manifest, entries })));
  const made = await drill();
  expect([made.outcome, made.failure?.code]).toEqual(['failed', 'archive-damaged']);
});

test('of an old point that somebody asks for: the record says which is newer; of the newest it says nothing, named or not', async () => {
  const { point: newest } = await backUp(new Date('2026-11-20T06:40:00Z'));
  expect(await drill(KEYS, manifest.point)).toMatchObject({ outcome: 'passed', insteadOf: newest });
  for (const point of [newest, 'latest']) {
    const made = await drill(KEYS, point);
    expect(made).toMatchObject({ outcome: 'passed', point: { point: newest } });
    expect(made).not.toHaveProperty('insteadOf');
  }
});

test('where no point is a good one, one that did not pass its verification can be drilled by its name all the same', async () => {
  const [address] = await listPoints(store, 'orders', 'configuration');
  const text = (await readText(store, `${prefix}${MANIFEST_NAME}`)) ?? '';
  await storeVerification(store, address, 'failed', sha256Of(text));
  expect((await drill()).failure?.code).toBe('point-missing');
  expect(await drill(KEYS, manifest.point)).toMatchObject({ outcome: 'passed', point: { verification: 'failed' } });
});

test('a byte that was flipped has failed; a key that cannot be used says nothing of the backup', async () => {
  const unusable = await drill({ ...KEYS, decrypt: () => Promise.reject(new BackupError('key-unusable', 'no right')) });
  expect([unusable.outcome, unusable.failure?.code]).toEqual(['could not verify', 'key-unusable']);
  store.damage(manifest.objects[0].key, (bytes) => Buffer.from(bytes.map((byte, at) => (at === 40 ? byte ^ 1 : byte))));
  const flipped = await drill();
  expect([flipped.outcome, flipped.failure?.code]).toEqual(['failed', 'object-damaged']);
});
