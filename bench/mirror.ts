/** Mirrors: small objects, large ones, and nothing changed among many. Needs no PostgreSQL. */
import type { ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, statfs } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Bucket } from '../runtime/store/bucket';
import { openS3Bucket } from '../runtime/store/s3-bucket';
import { OURS, RCLONE, type Contender } from './contender';
import type { Race } from './race';
import { startS3 } from './s3-process';

/** What is mirrored, in its own buckets: a source, a vault for us, a target for others. */
interface Load {
  readonly name: string;
  readonly objects: number;
  readonly sizeBytes: number;
  /** Filled once before, so that nothing is left to do. */
  readonly filled: boolean;
}

const LOADS: readonly Load[] = [
  { name: 'small', objects: 10_000, sizeBytes: 10_000, filled: false },
  { name: 'large', objects: 20, sizeBytes: 100_000_000, filled: false },
  { name: 'unchanged', objects: 100_000, sizeBytes: 100, filled: true },
];

const WRITES_AT_ONCE = 32;

/** @param race runs the contenders in turn and prints what they cost */
export async function benchMirror(
  race: Race,
  { rounds, only }: { readonly rounds: number; readonly only: string | undefined },
): Promise<void> {
  const scratch = await mkdtemp(path.join(os.tmpdir(), 'postgres-backup-mirror-bench-'));
  const buckets = LOADS.flatMap(({ name }) => [`${name}-source`, `${name}-vault`, `${name}-target`]);
  const s3 = startS3(path.join(scratch, 's3'), buckets);
  try {
    // rclone refuses a certificate bundle of the AWS tools'.
    const env = { ...process.env, ...(await s3.environment), POSTGRES_BACKUP_LOG: 'text', AWS_CA_BUNDLE: undefined };
    for (const load of LOADS) {
      if (only !== undefined && only !== load.name) continue;
      await requireRoom(load, rounds, scratch);
      await fill(load, env);
      const gigabytes = (load.objects * load.sizeBytes) / 1e9;
      const title = `mirror, ${load.name}: ${load.objects.toLocaleString('en-US')} objects of ${load.sizeBytes.toLocaleString('en-US')} bytes`;
      await race(title, contenders(load), env, gigabytes);
    }
  } finally {
    await stop(s3.process);
    await rm(scratch, { recursive: true, force: true });
  }
}

/** What is mirrored stays until the end: each round of each contender makes one copy more. */
async function requireRoom(load: Load, rounds: number, scratch: string): Promise<void> {
  const copies = load.filled ? 3 : contenders(load).length * (rounds + 1) + 1;
  const needed = copies * load.objects * load.sizeBytes;
  const { bavail, bsize } = await statfs(scratch);
  if (bavail * bsize > needed * 1.1) return;
  const inGb = (bytes: number) => `${(bytes / 1e9).toFixed(0)} GB`;
  throw new Error(
    `the mirror of ${load.name} objects needs ${inGb(needed * 1.1)} in ${os.tmpdir()}, where ${inGb(bavail * bsize)} are free: set TMPDIR, or ask for fewer --rounds`,
  );
}

/** The first is what the others are compared with. Each round goes to a place of its own, unless it is filled already. */
function contenders({ name, filled }: Load): Contender[] {
  const place = (kind: string) => (filled ? kind : `${kind}-$RANDOM$RANDOM`);
  const ours = (kind: string, options: string) =>
    `${OURS} backup objects --vault s3://${name}-vault/${place(kind)} --source bench --from s3://${name}-source ${options}`;
  const rclone = (kind: string, from: string, options: string) =>
    `rclone --s3-endpoint "$AWS_ENDPOINT_URL_S3" --transfers 64 --checkers 64 ${options} copy ${from}:${name}-source vault:${name}-target/${place(kind)}`;
  const env = { ...RCLONE, ...SECOND_REMOTE };
  const needs = ['rclone'];
  const options = filled ? '--checksum' : '';
  return [
    { name: `rclone ${options}, 64 transfers, through it`, needs, env, command: rclone('through', 'other', options) },
    {
      name: `rclone ${options}, 64 transfers, copied by the store`,
      needs,
      env,
      command: rclone('store', 'vault', options),
    },
    { name: 'postgres-backup --through-here --no-tags', command: ours('through', '--through-here --no-tags') },
    { name: 'postgres-backup --no-tags', command: ours('store', '--no-tags') },
    { name: 'postgres-backup', command: ours('tags', '') },
  ];
}

/** The same store by another name: rclone then moves the bytes itself. */
const SECOND_REMOTE = {
  RCLONE_CONFIG_OTHER_TYPE: 's3',
  RCLONE_CONFIG_OTHER_PROVIDER: 'Other',
  RCLONE_CONFIG_OTHER_ENV_AUTH: 'true',
};

async function fill({ name, objects, sizeBytes }: Load, env: NodeJS.ProcessEnv): Promise<void> {
  const bucket = openS3Bucket({ bucket: `${name}-source`, prefix: '' }, connection(env));
  const content = Buffer.alloc(sizeBytes, 'lorem ipsum ');
  let next = 0;
  const worker = async () => {
    while (next < objects) await write(bucket, next++, content);
  };
  await Promise.all(Array.from({ length: WRITES_AT_ONCE }, worker));
}

function write(bucket: Bucket, number: number, content: Buffer): Promise<unknown> {
  const bytes = Buffer.from(content);
  bytes.write(String(number).padStart(8, '0'));
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const name = String(number).padStart(6, '0');
  return bucket.put(`customers/${name.slice(0, 3)}/${name}.pdf`, { bytes, sha256 }, {});
}

function connection(env: NodeJS.ProcessEnv) {
  return {
    endpoint: env.AWS_ENDPOINT_URL_S3,
    credentials: { accessKeyId: env.AWS_ACCESS_KEY_ID ?? '', secretAccessKey: env.AWS_SECRET_ACCESS_KEY ?? '' },
  };
}

async function stop(child: ChildProcess): Promise<void> {
  child.kill('SIGTERM');
  await once(child, 'exit');
}
