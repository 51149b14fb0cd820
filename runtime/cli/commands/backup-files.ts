import { Option, type Command } from 'commander';
import { volumeNameProblem, type RetentionClass } from '../../../model';
import type { VolumeSource } from '../../components/files/types';
import { usageError } from '../../errors';
import type { Answer } from '../answer';
import type { CommandRun, Counted } from '../execute';
import { examples, EXIT_CODES_HELP, PLACES_HELP, VAULT_HELP } from '../help-text';
import { madeFigures } from '../made-figures';
import { classOption, compressionLevelOption, scheduledAtOption } from '../options/point-options';
import { Setting } from '../options/setting';
import { addSharedOptions, LONG_RUN, type SharedOptions } from '../options/shared-options';
import { jsonList, nonEmpty, repeatable, seconds, wholeNumber } from '../options/values';
import { filesAnswer } from '../output/files-output';

export const FILES_COUNTED: Counted = { component: 'files', succeeded: 'backupSucceeded', failed: 'backupFailed' };

interface FilesOptions {
  readonly from?: string;
  readonly volume: readonly string[];
  readonly full?: boolean;
  readonly fullEvery: number;
  readonly minimumFiles: number;
  readonly class: RetentionClass;
  readonly scheduledAt?: Date;
  readonly compressionLevel: number;
}

/** What a volume is called when its directory alone is named. */
const ONLY_VOLUME = 'files';
const ONE_WEEK_SECONDS = 7 * 86_400;

export function describeBackupFiles(parent: Command): Command {
  const command = parent
    .command('files')
    .summary('back directories of files up into the vault')
    .description(
      'Stores directories with stock GNU tar, through zstd, and an index with the SHA-256 of each file: everything, or what\n' +
        'changed since the newest recovery point. One recovery point holds all volumes named.',
    );
  addFilesOptions(command);
  addSharedOptions(command, { deadline: LONG_RUN, documents: ['postgres-backup/backup/1'] });
  return command
    .addHelpText('after', VAULT_HELP)
    .addHelpText('after', PLACES_HELP)
    .addHelpText(
      'after',
      examples(
        'postgres-backup backup files --from /srv/media --vault s3://acme-vault --source orders',
        'postgres-backup backup files --volume media=/mnt/media --volume exports=/mnt/exports --vault s3://acme-vault --source orders',
      ),
    )
    .addHelpText(
      'after',
      `${EXIT_CODES_HELP}\nA run that another run for the same --scheduled-at makes needless ends with 0 and says so.`,
    );
}

export async function backupFiles(run: CommandRun): Promise<Answer> {
  const options = run.command.opts<FilesOptions & SharedOptions>();
  const volumes = volumesOf(options);
  const { store, reporter, signal, now, source } = run;
  reporter.headline(`${source}: ${volumes.map(({ directory }) => directory).join(', ')} → ${store.uri}`);
  const request = {
    source,
    class: options.class,
    scheduledAt: options.scheduledAt,
    volumes,
    given: givenVolumes(run.command),
    fullEverySeconds: options.full ? 0 : options.fullEvery,
    compressionLevel: options.compressionLevel,
    minimumFiles: options.minimumFiles,
  };
  const context = { store, reporter, signal, now, deadlineSeconds: options.deadline };
  const result = await run.dependencies.files.backup(request, context);
  if (result.outcome === 'made') {
    const { totals } = result.manifest;
    run.measure(madeFigures({ ...result, ...totals }));
  }
  return filesAnswer(source, result);
}

function addFilesOptions(command: Command): void {
  command.optionsGroup('What to back up:');
  const what = [
    new Option('--from <directory>', `directory to back up, as the volume "${ONLY_VOLUME}"`)
      .argParser(nonEmpty)
      .conflicts('volume'),
    new Setting('--volume <name=directory>', 'directory to back up under a name; repeat for several')
      .argParser(repeatable)
      .default([], 'none')
      .fromEnvironment('volumes', jsonList),
    new Setting('--minimum-files <n>', 'refuse a volume with fewer files: one that is not mounted is empty')
      .argParser(wholeNumber(0, 1_000_000_000))
      .default(1)
      .fromEnvironment('minimumFiles'),
  ];
  what.forEach((option) => command.addOption(option));

  command.optionsGroup('How to back up:');
  const how = [
    new Setting('--full-every <time>', 'store everything again when the last time is longer ago: 12h, 7d')
      .argParser(seconds(1, 366 * 86_400))
      .default(ONE_WEEK_SECONDS, '7d')
      .fromEnvironment('fullEvery'),
    new Option('--full', 'store everything now; nothing in the vault is built on'),
    classOption(),
    scheduledAtOption(),
    compressionLevelOption(),
  ];
  how.forEach((option) => command.addOption(option));
}

/** What the environment says is what there is; what somebody types may be a part of it. */
function givenVolumes(command: Command): 'everything' | 'some' {
  const isTyped = command.opts<FilesOptions>().from !== undefined || command.getOptionValueSource('volume') !== 'env';
  return isTyped ? 'some' : 'everything';
}

function volumesOf({ from, volume }: FilesOptions): VolumeSource[] {
  const volumes = from === undefined ? volume.map(volumeOf) : [{ name: ONLY_VOLUME, directory: from }];
  if (volumes.length === 0) {
    throw usageError(
      'no directory is given',
      'Give --from DIRECTORY or --volume NAME=DIRECTORY, or set POSTGRES_BACKUP_VOLUMES.',
    );
  }
  const twice = volumes.find(({ name }, index) => volumes.some((other, at) => at < index && other.name === name));
  if (twice)
    throw usageError(`the volume ${JSON.stringify(twice.name)} is given twice`, 'Give each a name of its own.');
  return volumes;
}

function volumeOf(text: string): VolumeSource {
  const equals = text.indexOf('=');
  const [name, directory] = [text.slice(0, equals), text.slice(equals + 1)];
  if (equals === -1 || directory === '') {
    throw usageError(`the volume ${JSON.stringify(text)} is not NAME=DIRECTORY`, 'Give it as media=/mnt/media.');
  }
  const problem = volumeNameProblem(name);
  if (problem)
    throw usageError(`the name of the volume ${JSON.stringify(text)} is not usable`, `As a name, ${problem}.`);
  return { name, directory };
}
