/** A recovery point of one volume, made by hand, makes the others look no younger than they are. */
import { dataAt, MANIFEST_NAME } from '../../../../model';
import { readManifest } from '../../../../runtime/catalog/manifest-reader';
import { sha256Of } from '../../../../runtime/catalog/verification-record';
import { statusAnswer } from '../../../../runtime/cli/output/status-output';
import { plainStyle } from '../../../../runtime/observe/style';
import { evaluate } from '../../../../runtime/observe/status/evaluate';
import { measureStatus } from '../../../../runtime/observe/status/measure-status';
import { readStatus } from '../../../../runtime/observe/status/read-status';
import { recoverySteps } from '../../../../runtime/recover/recovery-steps';
import { planRetention } from '../../../../runtime/retention/plan-retention';
import { failureOf } from '../../../support/failure-of';
import { MemoryStore } from '../../../support/memory-store';
import { storeVerification } from '../../retention/support';
import { FilesLab } from './support';

let lab: FilesLab;
let minutes: number;
let store: MemoryStore;

beforeEach(async () => {
  lab = await FilesLab.start();
  await lab.write('file');
  minutes = 0;
  store = new MemoryStore(() => atMinute(minutes));
});
afterEach(() => lab.stop());

const atMinute = (minute: number) => new Date(Date.parse('2026-11-20T02:00:00Z') + minute * 60_000);

function made(names: readonly string[], given: 'everything' | 'some', more: { fullEverySeconds?: number } = {}) {
  minutes += 1;
  const volumes = names.map((name) => ({ name, directory: lab.source }));
  return lab.point({ volumes, given, ...more }, store);
}

async function ageSeconds(minute: number): Promise<number | undefined> {
  const measured = measureStatus(await readStatus(store, 'orders', atMinute(minute)));
  return measured.find(({ component }) => component === 'files')?.values.newestAge;
}

test('the age is that of the volume that was left out longest, until a run has everything', async () => {
  const whole = await made(['exports', 'media'], 'everything');
  const first = await made(['media'], 'some');
  expect(first.manifest.lacks).toEqual([
    { name: 'exports', point: whole.manifest.point, at: atMinute(1).toISOString() },
  ]);
  expect(first.manifest.warnings).toEqual([expect.stringMatching(/^it lacks "exports", which this run was not given/)]);
  expect(await ageSeconds(10)).toBe(9 * 60);

  const second = await made(['media'], 'some', { fullEverySeconds: 0 });
  expect(second.manifest.lacks).toEqual(first.manifest.lacks);
  const other = await made(['exports'], 'some');
  expect(other.manifest.lacks).toEqual([
    { name: 'media', point: second.manifest.point, at: atMinute(3).toISOString() },
  ]);
  expect(await ageSeconds(10)).toBe(7 * 60);
  const status = await readStatus(store, 'orders', atMinute(10));
  expect(
    statusAnswer(status, evaluate(status, { newestSeconds: 300, newestVerifiedSeconds: 300 })).lines(plainStyle),
  ).toContain(`  ! the newest of files lacks media: the last of it is 7 min ago, in ${second.manifest.point}`);
  expect(status.components.find(({ component }) => component === 'files')?.newest?.lacks).toEqual(other.manifest.lacks);

  const all = await made(['exports', 'media'], 'some');
  expect(all.manifest.lacks).toBeUndefined();
  expect(await ageSeconds(10)).toBe(5 * 60);
});

test('a volume that was taken out of the deployment is not missed', async () => {
  await made(['exports', 'media'], 'everything');
  await made(['media'], 'some');
  const without = await made(['media'], 'everything');
  expect([without.manifest.lacks, without.manifest.warnings]).toEqual([undefined, []]);
  expect((await made(['media'], 'some')).manifest.lacks).toBeUndefined();
  expect(await ageSeconds(10)).toBe(6 * 60);
});

test('what has the last of a volume is kept, and named where somebody recovers', async () => {
  const whole = await made(['exports', 'media'], 'everything', { fullEverySeconds: 0 });
  const byHand = await made(['media'], 'some', { fullEverySeconds: 0 });
  expect(byHand.manifest.dependsOn).toEqual([]);
  const text = store.bytesOf(`${byHand.prefix}${MANIFEST_NAME}`)?.toString() ?? '';
  await storeVerification(store, byHand.address, 'passed', sha256Of(text));
  const policy = { classes: { daily: { keepSeconds: 60 } }, minimumVerified: 1 };
  const later = new Date(atMinute(2).getTime() + 365 * 86_400_000);
  const { runs } = await planRetention(
    { source: 'orders', component: 'files', policy },
    { store, signal: new AbortController().signal, now: () => later },
  );
  expect(runs.find(({ point }) => point === whole.manifest.point)).toMatchObject({
    action: 'keep',
    reason: `${byHand.manifest.point} needs it`,
  });
  const steps = recoverySteps({ set: null, points: [{ component: 'files', point: byHand, inSet: false }] });
  expect(steps.map(({ argv }) => argv?.slice(2, 5))).toContainEqual([whole.manifest.point, '--volume', 'exports']);
  const refused = await failureOf(lab.restore(byHand, { volumes: ['exports'] }, store));
  expect(refused.hint).toBe(`The last of it is in ${whole.manifest.point}.`);
});

test('of what moment it is must be readable', async () => {
  await made(['exports', 'media'], 'everything');
  const { manifest, prefix } = await made(['media'], 'some');
  expect(dataAt(manifest, atMinute(5))).toEqual(atMinute(1));
  const broken = { ...manifest, lacks: [{ ...manifest.lacks?.[0], at: 'yesterday' }] };
  expect(() => readManifest(JSON.stringify(broken), prefix)).toThrow('is not valid');
});
