/** A primary with an archived log and a base backup, and drills of it. */
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Drill } from '../../../../model';
import { runDrill } from '../../../../runtime/drill/drill';
import type { DrillContext, DrillRequest } from '../../../../runtime/drill/types';
import { SOURCE } from '../../../support/lab';
import { makeBase } from '../../components/base-backup/support';
import { MomentLab, type Mark } from '../../recovery/support';

export const PROGRAM = path.join(__dirname, '../../../../assets/cli/postgres-backup.js');

export class ServerDrillLab {
  marks: Mark[] = [];

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
    lab.marks = await moments.commit(4, 20);
    await moments.primary.archiveAll();
    return lab;
  }

  async stop(): Promise<void> {
    await this.moments.stop();
    await rm(this.scratch, { recursive: true, force: true });
  }

  /** Sees to it that nothing is left behind. */
  async drill(request: Partial<DrillRequest> = {}, context: Partial<DrillContext> = {}): Promise<Drill> {
    const { lab } = this.moments.primary;
    const { store, reporter, signal, now } = lab.context({});
    const result = await runDrill(
      {
        source: SOURCE,
        component: 'base-backup',
        point: 'latest',
        checks: [],
        jobs: 1,
        allowedExtensions: [],
        seed: 1,
        scratchParent: this.scratch,
        where: { host: 'lab', user: 'tester', task: null },
        logReader: {
          program: [process.execPath, PROGRAM],
          environment: { ...lab.s3.environment, AWS_MAX_ATTEMPTS: '2' },
        },
        ...request,
      },
      { store, reporter, signal, now, ...context },
    );
    expect(await readdir(this.scratch)).toEqual([]);
    return result.drill;
  }
}
