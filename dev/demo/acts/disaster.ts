/** The disaster, and what becomes of it: the database destroyed, restored by the command line, compared. */
import type { DumpManifest } from '../../../model';
import { formatCount, formatDuration } from '../../../runtime/observe/format';
import type { RestoreDocument } from '../../../runtime/cli/output/restore-output';
import { claim } from '../claim';
import { DATABASE, databaseExists, destroyClinic, EPHEMERAL, OWNER } from '../clinic';
import { differences, EPHEMERAL_NAME, readContent, totalRows, type Content } from '../content';
import type { Demonstration } from '../demonstration';
import { operatorEnvironment } from '../environment';
import { document, runProgram } from '../program';
import { short } from './database';

export async function destroy({ scene, narrator, signal }: Demonstration): Promise<void> {
  await narrator.step('destroy', async (telling) => {
    await destroyClinic(scene, signal);
    claim(!(await databaseExists(scene, DATABASE, signal)), 'the database is gone');
    telling.result(`DROP DATABASE ${DATABASE}; DROP ROLE ${OWNER}, …`);
  });
}

export async function restore({ scene, narrator, signal }: Demonstration, { point }: DumpManifest): Promise<void> {
  await narrator.step('restore', async (telling) => {
    const args = ['restore', 'latest', '--create', '--roles'];
    const run = await runProgram([...args, '--json'], operatorEnvironment(scene, DATABASE), signal);
    claim(run.exitCode === 0, 'the restore succeeds', `${run.stderr}${run.stdout}`);
    const report = document<RestoreDocument>(run, 'postgres-backup/restore/1');
    claim(report.point === point, 'the latest recovery point is the one that was made', run.stdout);
    const { tables } = report;
    const equal = tables.filter(({ expectedRows, foundRows }) => expectedRows === foundRows);
    claim(report.outcome === 'passed' && equal.length === tables.length, 'every table has its rows', run.stdout);
    telling.proven(`${equal.length} of ${tables.length} tables as in the backup`);
    telling.command(`postgres-backup ${args.join(' ')}`);
    telling.detail('critical tables first; with a store credential that only reads');
    telling.detail(report.phases.map(({ name, durationMs }) => `${name} ${formatDuration(durationMs)}`).join(' · '));
  });
}

export async function compare({ scene, narrator, signal }: Demonstration, before: Content): Promise<void> {
  await narrator.step('compare', async (telling) => {
    const after = await readContent(scene, signal);
    const different = differences(before, after);
    claim(different.length === 0, 'everything is as before', `different: ${different.join(', ')}`);
    claim(after.sha256 === before.sha256, 'the digest is as before', `${after.sha256}, not ${before.sha256}`);
    const left = after.tables.get(EPHEMERAL_NAME)?.lines;
    claim(left === 0, `of the ephemeral ${EPHEMERAL_NAME} only the definition is kept`, `${left} rows`);
    telling.proven(`SHA-256 ${short(after.sha256)}: the same`);
    telling.detail(
      `${formatCount(totalRows(after))} rows, ${after.sequences.lines} sequences, ${after.largeObjects.lines} large objects and ${after.definitions.lines} lines of definitions as before; of ${EPHEMERAL.schema}.${EPHEMERAL.name}, which is ephemeral, the empty table`,
    );
  });
}
