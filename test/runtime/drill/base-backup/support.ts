/** A primary with an archived log and a base backup, and drills of it. */
import { readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  comparisonsOf,
  DEFAULT_SEGMENT_BYTES,
  parseWalFile,
  segmentAt,
  walKey,
  type ComparisonName,
  type Drill,
  type DrillComparison,
  type WalFile,
} from '../../../../model';
import { runDrill } from '../../../../runtime/drill/drill';
import { listDrillKeys } from '../../../../runtime/drill/records';
import type { DrillContext, DrillRequest } from '../../../../runtime/drill/types';
import type { ObjectStore } from '../../../../runtime/store/store';
import { BUCKET, SOURCE } from '../../../support/lab';
import { makeBase } from '../../components/base-backup/support';
import { MomentLab, type Mark } from '../../recovery/support';

export const PROGRAM = path.join(__dirname, '../../../../assets/cli/postgres-backup.js');

export class ServerDrillLab {
  marks: Mark[] = [];
  /** A segment with log before and after it that is archived too. */
  middle = '';

  private constructor(
    readonly moments: MomentLab,
    readonly scratch: string,
  ) {}

  static async start(script = ''): Promise<ServerDrillLab> {
    const moments = await MomentLab.start();
    const scratch = await mkdtemp(path.join(tmpdir(), 'pgb-drills-'));
    // Root lends the server another user, who must get through.
    await chmod(scratch, 0o711);
    const lab = new ServerDrillLab(moments, scratch);
    if (script !== '') await moments.primary.sql(script);
    await moments.primary.archiveAll();
    await moments.commit(1, 3);
    await makeBase(moments.primary);
    lab.marks = await moments.commit(4, 12);
    await moments.primary.archiveAll();
    lab.middle = segmentAt(1, await moments.primary.position(), DEFAULT_SEGMENT_BYTES);
    lab.marks.push(...(await moments.commit(16, 4)));
    await moments.primary.archiveAll();
    lab.marks.push(...(await moments.commit(20, 4)));
    await moments.primary.archiveAll();
    return lab;
  }

  async stop(): Promise<void> {
    await this.moments.stop();
    await rm(this.scratch, { recursive: true, force: true });
  }

  get store(): ObjectStore {
    return this.moments.primary.lab.store;
  }

  keys(): Promise<string[]> {
    return listDrillKeys(this.store, SOURCE, 'base-backup');
  }

  request(request: Partial<DrillRequest> = {}): DrillRequest {
    const environment = { ...this.moments.primary.lab.s3.environment, AWS_MAX_ATTEMPTS: '2' };
    return {
      source: SOURCE,
      component: 'base-backup',
      point: 'latest',
      checks: [],
      jobs: 1,
      allowedExtensions: [],
      seed: 1,
      scratchParent: this.scratch,
      where: { host: 'lab', user: 'tester', task: null },
      logReader: { program: [process.execPath, PROGRAM], environment },
      ...request,
    };
  }

  /** Sees to it that nothing is left behind. */
  async drill(request: Partial<DrillRequest> = {}, context: Partial<DrillContext> = {}): Promise<Drill> {
    const { store, reporter, signal, now } = this.moments.primary.lab.context({});
    const result = await runDrill(this.request(request), { store, reporter, signal, now, ...context });
    expect(await readdir(this.scratch)).toEqual([]);
    return result.drill;
  }

  /** While one segment is gone that has log before and after it. */
  withoutMiddleSegment<T>(work: () => Promise<T>): Promise<T> {
    return this.withOtherSegment((key) => this.moments.primary.lab.s3.damage.lose({ bucket: BUCKET, key }), work);
  }

  withDamagedSegment<T>(work: () => Promise<T>): Promise<T> {
    return this.withOtherSegment(async (key) => {
      const { metadata } = (await this.store.head(key)) ?? {};
      await this.store.put(key, Buffer.from('no log'), { metadata });
    }, work);
  }

  private async withOtherSegment<T>(damage: (key: string) => Promise<unknown>, work: () => Promise<T>): Promise<T> {
    const { lab, systemIdentifier } = this.moments.primary;
    const key = walKey(SOURCE, systemIdentifier, parseWalFile(this.middle) as WalFile);
    const { metadata } = (await this.store.head(key)) ?? {};
    const whole = await lab.bytes(key);
    await damage(key);
    try {
      return await work();
    } finally {
      await this.store.put(key, whole, { metadata });
    }
  }
}

export function comparison(made: Drill, name: ComparisonName): DrillComparison {
  const found = comparisonsOf(made).find((one) => one.name === name);
  if (!found) throw new Error(`there is no comparison of ${name}: ${JSON.stringify(made.issues)}`);
  return found;
}

/** Of the restored server that is looked into. At once: a step begins while this is looked up. */
export function serverPid(scratch: string): number {
  const [drill] = readdirSync(scratch);
  const file = path.join(scratch, drill, 'restored', 'data', 'postmaster.pid');
  return Number(readFileSync(file, 'utf8').split('\n')[0]);
}
