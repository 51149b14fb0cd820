/** What seals the values of a configuration: who opens it without the key, or puts another in its place, is found out. */
import { verifyConfiguration } from '../../../../runtime/components/configuration/verify';
import { failureOf } from '../../../support/failure-of';
import { ConfigurationLab } from './support';

let lab: ConfigurationLab;

beforeEach(async () => {
  lab = await ConfigurationLab.start();
});
afterEach(() => lab.close());

test('who has the bucket and not the key opens nothing', async () => {
  const made = await lab.point();
  lab.key.enabled = false;
  expect(await failureOf(lab.restore(made))).toMatchObject({ code: 'key-unusable' });
  const report = await verifyConfiguration(made, 'read', lab.context());
  expect(report).toMatchObject({ outcome: 'could not verify' });
});

test('an entry in another’s place does not open, though the manifest be changed to agree', async () => {
  const made = await lab.point();
  const envelope = lab.envelopeOf(made);
  const [first, second, ...rest] = envelope.entries;
  const entries = [{ ...second, name: first.name }, { ...first, name: second.name }, ...rest];
  const [one, other, ...others] = made.manifest.entries;
  const told = [{ ...other, name: one.name }, { ...one, name: other.name }, ...others];
  const planted = await lab.plant(made, { ...envelope, entries }, { entries: told });
  expect(await failureOf(lab.restore(planted))).toMatchObject({ code: 'archive-damaged' });
  expect(await verifyConfiguration(planted, 'read', lab.context())).toMatchObject({ outcome: 'failed' });
});

test('a manifest that tells another digest of a value is not believed', async () => {
  const made = await lab.point();
  const entries = made.manifest.entries.map((entry) => ({ ...entry, keyedDigest: 'ab'.repeat(32) }));
  const planted = await lab.plant(made, lab.envelopeOf(made), { entries });
  expect(await verifyConfiguration(planted, 'read', lab.context())).toMatchObject({ outcome: 'failed' });
});

test('the envelope of an older point does not open in a newer one’s place', async () => {
  const [older, newer] = [await lab.point(), await lab.point()];
  const planted = await lab.plant(newer, lab.envelopeOf(older), { entries: older.manifest.entries });
  expect(await failureOf(lab.restore(planted))).toMatchObject({ code: 'key-unusable' });
});

test.each(['sealed', 'tag', 'nonce'] as const)('one bit of the %s is noticed', async (field) => {
  const made = await lab.point();
  const envelope = lab.envelopeOf(made);
  const bytes = Buffer.from(envelope.entries[0][field], 'base64');
  bytes[3] ^= 1;
  const entries = [{ ...envelope.entries[0], [field]: bytes.toString('base64') }, ...envelope.entries.slice(1)];
  const planted = await lab.plant(made, { ...envelope, entries });
  expect(await verifyConfiguration(planted, 'read', lab.context())).toMatchObject({ outcome: 'failed' });
});

test('an entry less is noticed', async () => {
  const made = await lab.point();
  const envelope = lab.envelopeOf(made);
  const planted = await lab.plant(made, { ...envelope, entries: envelope.entries.slice(1) });
  expect(await verifyConfiguration(planted, 'read', lab.context())).toMatchObject({ outcome: 'failed' });
});

test.each(['stored', 'read'] as const)('as it was written, it passes a verification of depth "%s"', async (depth) => {
  expect(await verifyConfiguration(await lab.point(), depth, lab.context())).toMatchObject({ outcome: 'passed' });
});
