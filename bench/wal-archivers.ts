/** What archives one segment: ours, a shell’s line, and peers. Each run of each has a place of its own in the store. */
import { runShell, SIGNED_CURL, startHelper, type ArchivingWorld } from './archiving-world';
import { OURS, type Contender } from './contender';
import { pgBackRest } from './pgbackrest';
import { BUCKET } from './world';

export interface Archiver extends Pick<Contender, 'name' | 'needs' | 'install'> {
  /** Takes part in this alone. @default in both */
  readonly only?: 'archiver' | 'client';
  /** In `client`: every segment was asked for before, not measured. */
  readonly ahead?: boolean;
  /** Not measured. @param run a name that no other run has */
  begin(world: ArchivingWorld, run: string): Promise<Archiving>;
}

export interface Archiving {
  /** As PostgreSQL has it: with `%p` and `%f`. */
  readonly command: string;
  /** Before the keys of what it stores. */
  readonly place: string;
  /** Of the command, besides the world's. */
  readonly env?: Readonly<Record<string, string>>;
  readonly stop?: () => Promise<void>;
}

const PUT = `${SIGNED_CURL} -o /dev/null "$AWS_ENDPOINT_URL_S3/${BUCKET}/peer`;

/** The first is what the others are compared with. */
export const ARCHIVERS: readonly Archiver[] = [
  {
    name: 'curl, not compressed',
    begin: async (_, run) => ({ command: `${PUT}/${run}/%f" -T %p`, place: `peer/${run}/` }),
  },
  {
    name: 'zstd -1 into a file, then curl',
    begin: async (world, run) => {
      const file = `${await world.directory(run)}/%f.zst`;
      return { command: `zstd -q -1 %p -o ${file} && ${PUT}/${run}/%f.zst" -T ${file}`, place: `peer/${run}/` };
    },
  },
  { name: 'postgres-backup, helper', begin: helped },
  { name: 'postgres-backup, helper, pushed ahead', only: 'client', ahead: true, begin: helped },
  {
    name: 'postgres-backup without the helper',
    begin: async (_, run) => ({
      command: `${OURS} archive-push %p --vault s3://${BUCKET} --source ${run} 2> /dev/null`,
      place: `${run}/`,
    }),
  },
  { ...pgBackRestOf('async'), only: 'archiver' },
  { ...pgBackRestOf('sync'), only: 'client' },
  {
    name: 'barman-cloud-wal-archive, not compressed',
    needs: ['barman-cloud-wal-archive'],
    install: 'apt-get install barman-cli-cloud',
    begin: async (_, run) => ({
      command: `barman-cloud-wal-archive --endpoint-url "$AWS_ENDPOINT_URL_S3" s3://${BUCKET}/peer/${run} bench %p`,
      place: `peer/${run}/`,
    }),
  },
];

async function helped(world: ArchivingWorld, run: string): Promise<Archiving> {
  const helper = await startHelper(world, run);
  return { command: helper.client, place: `${run}/`, stop: helper.stop };
}

function pgBackRestOf(mode: 'async' | 'sync'): Archiver {
  return {
    name: `pgBackRest ${mode}, zst level 1${mode === 'async' ? ', 2 processes' : ''}`,
    needs: ['pgbackrest'],
    install: 'apt-get install pgbackrest',
    begin: async (world, run) => {
      const settings = await pgBackRest(world, run);
      runShell(world, 'pgbackrest stanza-create', settings);
      const asynchronous = { ...settings, PGBACKREST_ARCHIVE_ASYNC: mode === 'async' ? 'y' : 'n' };
      return { command: 'pgbackrest archive-push %p', place: `peer/pgbackrest/${run}/`, env: asynchronous };
    },
  };
}
