/** The first base backup of a server of whose log no whole segment is archived yet: nobody has to end one by hand. */
import { segmentsNeeded, parseLsn, DEFAULT_SEGMENT_BYTES } from '../../../../model';
import { backupBase } from '../../../../runtime/components/base-backup/backup';
import { failureOf } from '../../../support/failure-of';
import { ReceivingLab } from '../../wal/support/receiving-lab';
import { baseBackupRequest, makeBase } from './support';

let lab: ReceivingLab;

beforeAll(async () => {
  lab = await ReceivingLab.start({ full_page_writes: 'on' });
}, 60_000);
afterAll(async () => {
  await lab.stopReceivers();
  await lab.stop();
}, 60_000);

test('without an archive it is refused before anything is read; with a receiver that begins meanwhile it is a recovery point that restores', async () => {
  const request = baseBackupRequest({ walTimeoutSeconds: 1 });
  const refused = await failureOf(backupBase(request, lab.primary.lab.context({})));
  expect(refused).toMatchObject({ code: 'wal-missing' });
  expect(refused.message).toMatch(/no WAL of this server is archived/);
  expect((await lab.primary.lab.keys('')).filter((key) => key.includes('.tar'))).toEqual([]);

  const making = makeBase(lab.primary);
  await lab.receive();
  const { manifest } = await making;
  const { archive, systemIdentifier } = lab.primary;
  const [from, to] = [parseLsn(manifest.wal.startLsn), parseLsn(manifest.wal.stopLsn)] as [bigint, bigint];
  for (const name of segmentsNeeded(1, [], { from, to }, DEFAULT_SEGMENT_BYTES)) {
    expect(await archive.isListed(systemIdentifier, name)).toBe(true);
  }
  await lab.moments.commit(1, 3);
  await lab.untilArchived(await lab.primary.position());
  expect(await lab.restored()).toEqual([1, 2, 3]);
}, 120_000);
