/** Kills everything that has to do with receiving a log, at moments chosen from a seed, while the server is written to. */
import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunningCli } from '../../../support/cli';
import type { Seeded } from '../../../support/seeded';
import { SLOT, type ReceivingLab } from './receiving-lab';

const VICTIMS = ['receiver', 'machine', 'pg_receivewal', 'server', 'store', 'answers'] as const;

export interface Torment {
  /** What was done, in order. */
  readonly story: readonly string[];
  /** What the server holds at the end. */
  readonly ids: readonly number[];
}

/** In the end everything that the server has is archived, by a receiver that is stopped in order. */
export async function torment(lab: ReceivingLab, random: Seeded, rounds: number): Promise<Torment> {
  const { primary } = lab;
  const story: string[] = [];
  const first = random.below(VICTIMS.length);
  let directory = await lab.directory();
  let receiver = await lab.startProcess(directory);
  const writing = keepWriting(lab, random);
  for (let round = 0; round < rounds; round += 1) {
    await sleep(random.below(1200));
    // Each once, then any.
    const victim = round < VICTIMS.length ? VICTIMS[(round + first) % VICTIMS.length] : random.pick(VICTIMS);
    story.push(victim);
    if (victim === 'server') await primary.lab.server.restart('immediate');
    if (victim === 'pg_receivewal')
      endNow(await lab.toolOf(receiver.pid).catch((error: Error) => failed(receiver, error)));
    if (victim === 'store') failing(lab, 4 + random.below(4), 'before');
    if (victim === 'answers') failing(lab, 1 + random.below(4), 'after');
    if (victim !== 'receiver' && victim !== 'machine') continue;
    const tool = victim === 'machine' ? await lab.toolOf(receiver.pid).catch(() => undefined) : undefined;
    await killed(receiver);
    if (victim === 'machine') {
      // All that runs there, and its disk.
      if (tool !== undefined) endNow(tool);
      await rm(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
      directory = await lab.directory();
    }
    receiver = await lab.startProcess(directory);
  }
  await writing.stop();
  primary.lab.faults.clear();
  const late = await lab.untilArchived(await primary.position()).catch((error: Error) => error.message);
  receiver.child.kill('SIGTERM');
  const { code, stderr } = await receiver.ended;
  if (code !== 0 || late) throw new Error(`${late ?? ''} the receiver ended with ${code}: ${stderr}`);
  const ids = (await primary.sql('SELECT id FROM ledger ORDER BY id')).split('\n').map(Number);
  return { story, ids };
}

/** Small transactions, and now and then the end of a segment. What fails with the server was not committed, or was: the table tells. */
function keepWriting({ primary }: ReceivingLab, random: Seeded): { stop: () => Promise<void> } {
  let isDone = false;
  let next = 1_000_000;
  const work = (async () => {
    while (!isDone) {
      const rows = Array.from(
        { length: 5 },
        () => `INSERT INTO ledger VALUES (${next++}, repeat(md5(random()::text), 300));`,
      );
      const script = [...rows, ...(random.below(4) === 0 ? [END_SEGMENT_IN_BOUNDS] : [])].join('\n');
      await primary.sql(script).catch(() => sleep(100));
    }
  })();
  return {
    stop: async () => {
      isDone = true;
      await work;
    },
  };
}

/** However fast the machine writes, the slot's bound of 1 GB is never passed: what happens then is another test's. */
const END_SEGMENT_IN_BOUNDS = `SELECT pg_switch_wal() FROM pg_replication_slots
  WHERE slot_name = '${SLOT}' AND pg_current_wal_lsn() - restart_lsn < 256 * 1024 * 1024;`;

function failing(lab: ReceivingLab, times: number, when: 'before' | 'after'): void {
  for (const operation of ['PutObject', 'HeadObject'] as const) {
    if (when === 'after' && operation === 'HeadObject') continue;
    lab.primary.lab.faults.add({ operation, times, fault: { kind: 'drop', when } });
  }
}

async function killed(receiver: RunningCli): Promise<void> {
  receiver.child.kill('SIGKILL');
  await receiver.ended;
}

/** It may have ended by itself. */
function endNow(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** With what the receiver said. */
async function failed(receiver: RunningCli, { message }: Error): Promise<never> {
  receiver.child.kill('SIGKILL');
  throw new Error(`${message}: ${(await receiver.ended).stderr}`);
}
