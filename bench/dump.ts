import { OURS, RCLONE, type Contender } from './contender';
import { BUCKET } from './world';

/** Dump to S3. The floor makes the same dump and keeps nothing. */
export function dumpContenders(scratch: string): Contender[] {
  const aws = '--endpoint-url "$AWS_ENDPOINT_URL_S3"';
  const ours = `${OURS} backup dump --vault s3://${BUCKET} --source bench --no-globals`;
  return [
    { name: 'floor: pg_dump -Fc -Z0 > /dev/null', command: 'pg_dump -Fc -Z0 > /dev/null' },
    { name: 'postgres-backup', command: ours },
    { name: 'postgres-backup --jobs 2', command: `${ours} --jobs 2` },
    {
      name: 'pg_dump -Fc | aws s3 cp -',
      needs: ['aws'],
      command: `pg_dump -Fc | aws s3 cp ${aws} - s3://${BUCKET}/peer/aws.dump`,
    },
    {
      name: 'pg_dump -Fc -Z0 | zstd -3 -T0 | rclone rcat',
      needs: ['rclone'],
      env: RCLONE,
      command: `pg_dump -Fc -Z0 | zstd -q -3 -T0 | rclone --s3-endpoint "$AWS_ENDPOINT_URL_S3" rcat vault:${BUCKET}/peer/rclone.zst`,
    },
    {
      name: 'pg_dump -Fd -j2, then aws s3 cp --recursive',
      needs: ['aws'],
      command: `rm -rf ${scratch}/d && pg_dump -Fd -j2 -f ${scratch}/d && aws s3 cp ${aws} --recursive ${scratch}/d s3://${BUCKET}/peer/d/`,
    },
  ];
}
