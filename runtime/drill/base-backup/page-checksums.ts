import path from 'node:path';
import type { DrillComparison } from '../../../model';
import { BackupError } from '../../errors';
import type { RecoveryTools } from '../../recovery/recovery-tools';
import { runTool } from '../../recovery/run-tool';
import { Differences } from '../compare/differences';
import type { DrillWork } from '../work';

/** Stock `pg_checksums`, while the server is stopped: every page by its checksum. Nothing where the cluster has none; that is told. */
export async function checkPages(
  { context, phases }: DrillWork,
  directory: string,
  { initdb, pgControldata, user }: RecoveryTools,
): Promise<DrillComparison | undefined> {
  const { signal, reporter } = context;
  const data = path.join(directory, 'data');
  const failure = (detail: string) =>
    new BackupError('restore-failed', 'the restored files cannot be looked into', { detail });
  const control = await runTool({ file: pgControldata, args: ['--pgdata', data], user, signal, failure });
  const version = /^Data page checksum version: +(\d+)$/m.exec(control)?.[1];
  if (version === undefined || version === '0') {
    reporter.warn(
      'the server has no page checksums: damage to single pages before the backup shows by the other checks alone',
    );
    return undefined;
  }
  return phases.run(null, 'page checksums', async () => {
    const file = path.join(path.dirname(initdb), 'pg_checksums');
    const differences = new Differences('page checksums');
    try {
      const said = await runTool({ file, args: ['--check', '--pgdata', data], user, signal, failure: wrongPages });
      differences.count(Number(/^Blocks scanned: +(\d+)$/m.exec(said)?.[1] ?? 0));
    } catch (thrown) {
      if (!(thrown instanceof WrongPages)) throw thrown;
      differences.count(1);
      for (const line of thrown.lines) differences.failed(line);
    }
    const result = differences.result();
    return [`${result.compared} pages`, result];
  });
}

class WrongPages extends BackupError {
  constructor(readonly lines: readonly string[]) {
    super('comparison-failed', 'pages do not have the checksum that they should have');
  }
}

function wrongPages(said: string): BackupError {
  const lines = said
    .split('\n')
    .flatMap((line) => /checksum verification failed in file ".*?\/data\/(.*)$/.exec(line)?.[1] ?? []);
  if (lines.length > 0) return new WrongPages(lines.map((line) => `the page in "${line}`));
  return new BackupError('tool-failed', 'pg_checksums could not read the restored files', {
    detail: said.slice(0, 2000),
  });
}
