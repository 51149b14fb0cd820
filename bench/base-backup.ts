/** Base backups of a server that archives its log. The floor asks the server for the same files and keeps nothing. */
import { archiveAll, openArchivingWorld, runShell, startHelper, type ArchivingWorld } from './archiving-world';
import { isInstalled, OURS, RCLONE, type Contender } from './contender';
import { pgBackRest } from './pgbackrest';
import type { Race } from './race';
import { BUCKET } from './world';

const SOURCE = 'bench';

/** @param race runs the contenders in turn and prints what they cost */
export async function benchBaseBackup(race: Race, sizeMegabytes: number): Promise<void> {
  console.log(`making a server with about ${sizeMegabytes} MB …`);
  const world = await openArchivingWorld(sizeMegabytes);
  try {
    const helper = await startHelper(world, SOURCE);
    try {
      world.archiveWith(helper.client);
      archiveAll(world);
      const bytes = Number(world.psql('postgres', 'SELECT sum(pg_database_size(oid)) FROM pg_database'));
      const title = `base backup to S3 of ${(bytes / 1e9).toFixed(2)} GB, all over TLS`;
      await race(title, await contenders(world), world.env, bytes / 1e9);
    } finally {
      await helper.stop();
    }
  } finally {
    await world.close();
  }
}

async function contenders(world: ArchivingWorld): Promise<Contender[]> {
  const stream = 'pg_basebackup --no-password -D - -Ft -X none --checkpoint=fast';
  const rest = await pgBackRest(world, 'base');
  if (isInstalled('pgbackrest', world.env)) runShell(world, 'pgbackrest stanza-create', rest);
  return [
    { name: 'floor: pg_basebackup -Ft > /dev/null', command: `${stream} > /dev/null` },
    {
      name: 'the same, with the digests that ours asks for',
      command: `${stream} --manifest-checksums=SHA256 > /dev/null`,
    },
    { name: 'postgres-backup', command: `${OURS} backup base-backup --vault s3://${BUCKET} --source ${SOURCE}` },
    {
      name: 'pg_basebackup -Ft | zstd -1 | rclone rcat',
      needs: ['rclone'],
      env: { ...RCLONE, RCLONE_CA_CERT: world.tls?.certificate ?? '' },
      command: `${stream} | zstd -q -1 -T1 | env -u AWS_CA_BUNDLE rclone --s3-endpoint "$AWS_ENDPOINT_URL_S3" rcat vault:${BUCKET}/peer/base.tar.zst`,
    },
    {
      // Its own archive is empty, since ours archives the log: it is told not to wait for it.
      name: 'pgBackRest, zst level 1, 2 processes',
      needs: ['pgbackrest'],
      install: 'apt-get install pgbackrest',
      env: rest,
      command: 'pgbackrest backup --type=full --no-archive-check',
    },
    {
      name: 'barman-cloud-backup, not compressed',
      needs: ['barman-cloud-backup'],
      install: 'apt-get install barman-cli-cloud',
      command: `barman-cloud-backup -q --endpoint-url "$AWS_ENDPOINT_URL_S3" --immediate-checkpoint -h "$PGHOST" -p "$PGPORT" -U "$PGUSER" s3://${BUCKET}/peer/barman base`,
    },
  ];
}
