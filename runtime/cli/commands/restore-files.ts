import { Option, type Command } from 'commander';
import type { RestoreFilesRequest } from '../../components/files/types';
import { formatAge } from '../../observe/format';
import type { Answer } from '../answer';
import type { CommandRun, Counted } from '../execute';
import { examples, EXIT_CODES_HELP, PLACES_HELP, VAULT_HELP } from '../help-text';
import { addSharedOptions, LONG_RUN } from '../options/shared-options';
import { nonEmpty, repeatable } from '../options/values';
import { restoredFilesAnswer } from '../output/files-output';
import { addPointArgument } from './point-argument';

export const RESTORE_FILES_COUNTED: Counted = {
  component: 'files',
  succeeded: 'restoreSucceeded',
  failed: 'restoreFailed',
};

interface RestoreFilesOptions {
  readonly to: string;
  readonly volume: readonly string[];
  readonly path: readonly string[];
  readonly overwrite?: boolean;
  readonly clean?: boolean;
}

export function describeRestoreFiles(parent: Command): Command {
  const command = parent
    .command('files')
    .summary('restore files into a directory')
    .description(
      'Restores volumes of files as they were at the recovery point, whole or by path, with owners (as root), modes, times and\n' +
        'links, and compares what is on the disk then with the backup. The directory must be empty unless told otherwise.',
    );
  addPointArgument(command);
  command.optionsGroup('What to restore, and where to:');
  const options = [
    new Option(
      '--to <directory>',
      'where to; made when it is not there. Of several volumes each gets a directory in it',
    )
      .argParser(nonEmpty)
      .makeOptionMandatory(),
    new Option('--volume <name>', 'only this volume; repeat for several').argParser(repeatable).default([], 'all'),
    new Option('--path <path>', 'only this file, or this directory with all in it; repeat for several')
      .argParser(repeatable)
      .default([], 'everything'),
    new Option('--overwrite', 'into a directory that holds something; what is not in the backup stays').conflicts(
      'clean',
    ),
    new Option('--clean', 'delete everything in the directory first').conflicts(['overwrite', 'path']),
  ];
  options.forEach((option) => command.addOption(option));
  addSharedOptions(command, { deadline: LONG_RUN, documents: ['postgres-backup/restore-files/1'] });
  return command
    .addHelpText('after', VAULT_HELP)
    .addHelpText('after', PLACES_HELP)
    .addHelpText(
      'after',
      examples(
        'postgres-backup restore files latest --to /srv/media --vault s3://acme-vault --source orders',
        'postgres-backup restore files 20261120T021003Z-4k2m9x --to /tmp/look --path invoices/2026 --vault s3://acme-vault --source orders',
      ),
    )
    .addHelpText('after', EXIT_CODES_HELP);
}

export async function restoreFiles(wanted: string, run: CommandRun): Promise<Answer> {
  const { to, volume, path, overwrite, clean } = run.command.opts<RestoreFilesOptions>();
  const { store, reporter, signal, now } = run;
  const point = await run.points('files').find(wanted);
  const taken = formatAge(new Date(point.manifest.startedAt), now());
  reporter.headline(`${point.manifest.source} ${point.manifest.point} · taken ${taken} → ${to}`);
  const request: RestoreFilesRequest = {
    point,
    directory: to,
    volumes: volume,
    paths: path,
    existing: clean ? 'clean' : overwrite ? 'overwrite' : 'refuse',
  };
  const report = await run.dependencies.files.restore(request, { store, reporter, signal, now });
  run.measure({ restoreDuration: Math.round(report.durationMs) / 1000 });
  return restoredFilesAnswer(report);
}
