/** A server of which nothing but a receiver archives: from its first base backup to the last commit. */
import { DEFAULT_SEGMENT_BYTES, parseLsn, segmentsNeeded } from '../../../../model';
import { backupBase } from '../../../../runtime/components/base-backup/backup';
import { failureOf } from '../../../support/failure-of';
import { ReceivingLab } from '../../wal/support/receiving-lab';
import { baseBackupRequest, makeBase } from './support';

let lab: ReceivingLab;

beforeAll(async () => {
  lab = await ReceivingLab.start({ full_page_writes: 'on' });
});
afterAll(async () => {
  await lab.stopReceivers();
  await lab.stop();
});

const SIZE = BigInt(DEFAULT_SEGMENT_BYTES);

test('without an archive the first is refused before anything is read; with a receiver that begins meanwhile nobody has to end a segment', async () => {
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
});

test('the last commit is restored, also when its record began in the segment before and is all that the last one holds', async () => {
  const { primary } = lab;
  await lab.moments.commit(1, 3);
  const filler = `pg_logical_emit_message(false, 'filler', repeat('x', 4000))`;
  const left = `(${SIZE} - mod(pg_current_wal_insert_lsn() - '0/0', ${SIZE}))`;
  await primary.sql(`DO $$ BEGIN WHILE ${left} > 6000 LOOP PERFORM ${filler}; END LOOP; END $$`);
  // Heads of a record and of a message, and what comes before a page: 16 bytes are left for the commit, which is larger.
  const message = `pg_logical_emit_message(true, 'x', repeat('x', (${left} - 16 - 55)::int))`;
  const said = await primary.sql(
    `BEGIN; INSERT INTO ledger VALUES (4, 'last'); SELECT ${message}; COMMIT; SELECT pg_current_wal_insert_lsn()`,
  );
  const end = parseLsn(said.split('\n').at(-1) as string) as bigint;
  // Its record ends behind the boundary, and nothing else is there yet.
  expect(end % SIZE).toBeLessThan(200n);
  await lab.untilArchived(end);
  expect(await lab.restored()).toEqual([1, 2, 3, 4]);
});
