import { OURS, RCLONE, type Contender } from './contender';
import { BUCKET, DATABASE, type World } from './world';

const TARGET = 'bench_restored';

/** What the contenders restore from; made once, not measured. */
export const RESTORE_SOURCES: readonly Contender[] = [
  { name: 'local dump', command: 'pg_dump -Fc -Z0 -f "$SCRATCH/local.dump"' },
  {
    name: 'one object',
    needs: ['rclone'],
    env: RCLONE,
    command: `zstd -q -1 -c "$SCRATCH/local.dump" | rclone --s3-endpoint "$AWS_ENDPOINT_URL_S3" rcat vault:${BUCKET}/peer/one.dump.zst`,
  },
  {
    name: 'recovery point',
    command: `${OURS} backup dump --vault s3://${BUCKET} --source restored --no-globals --jobs 2`,
  },
];

/** From S3 into an empty database. The floor restores a local, uncompressed file in parallel. */
export function restoreContenders(): Contender[] {
  const empty = (world: World): void => {
    world.psql('postgres', `DROP DATABASE IF EXISTS ${TARGET}`);
    world.psql('postgres', `CREATE DATABASE ${TARGET} TEMPLATE template0; CHECKPOINT`);
  };
  const get = `rclone --s3-endpoint "$AWS_ENDPOINT_URL_S3" cat vault:${BUCKET}/peer/one.dump.zst`;
  const contenders: Contender[] = [
    { name: 'floor: pg_restore -j2 of a local file', command: `pg_restore -e -j2 -d ${TARGET} "$SCRATCH/local.dump"` },
    {
      name: 'postgres-backup restore --jobs 2',
      env: { PGDATABASE: TARGET },
      command: `${OURS} restore latest --vault s3://${BUCKET} --source restored --jobs 2`,
    },
    {
      name: 'rclone cat | zstd -d | pg_restore',
      needs: ['rclone'],
      env: RCLONE,
      command: `${get} | zstd -q -d -c | pg_restore -e -d ${TARGET}`,
    },
    {
      name: 'rclone cat | zstd -d > file, pg_restore -j2',
      needs: ['rclone'],
      env: RCLONE,
      command: `${get} | zstd -q -d -c > "$SCRATCH/peer.dump" && pg_restore -e -j2 -d ${TARGET} "$SCRATCH/peer.dump"`,
    },
  ];
  return contenders.map((contender) => ({ ...contender, before: empty }));
}

/** A restore that brought back fewer rows was not faster. */
export function requireRestored(world: World): void {
  const count = "SELECT (SELECT count(*) FROM orders) || ' ' || (SELECT count(*) FROM visits)";
  const [made, restored] = [world.psql(DATABASE, count), world.psql(TARGET, count)];
  if (made !== restored) throw new Error(`restored ${restored} rows of ${made}`);
}
