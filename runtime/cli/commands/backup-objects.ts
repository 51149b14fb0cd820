import type { Command } from 'commander';
import type { Answer } from '../answer';
import type { CommandRun, Counted } from '../execute';
import { examples, EXIT_CODES_HELP, PLACES_HELP, VAULT_HELP } from '../help-text';
import { madeFigures } from '../made-figures';
import {
  addMirrorOptions,
  chosenMirrors,
  givenMirrors,
  mirrorSettings,
  type MirrorOptions,
} from '../options/mirror-options';
import { addSharedOptions, LONG_RUN, type SharedOptions } from '../options/shared-options';
import { mirrorsAnswer } from '../output/objects-output';

export const OBJECTS_COUNTED: Counted = { component: 'objects', succeeded: 'backupSucceeded', failed: 'backupFailed' };

export function describeBackupObjects(parent: Command): Command {
  const command = parent
    .command('objects')
    .summary('mirror buckets into the vault')
    .description(
      'Mirrors one or more buckets into the vault: what is new or changed is copied as a version of its own, nothing is ever\n' +
        'deleted there, and the recovery point is the inventory of which version was at the source under which key.',
    );
  addMirrorOptions(command);
  addSharedOptions(command, { deadline: LONG_RUN, documents: ['postgres-backup/backup/1'] });
  return command
    .addHelpText('after', VAULT_HELP)
    .addHelpText('after', PLACES_HELP)
    .addHelpText(
      'after',
      examples(
        'postgres-backup backup objects --vault s3://acme-vault --source orders --from s3://acme-uploads --mirror uploads',
        'postgres-backup backup objects --vault s3://acme-vault --source orders --from s3://media --from-endpoint https://minio.internal:9000',
      ),
    )
    .addHelpText(
      'after',
      `${EXIT_CODES_HELP}\nObjects that could not be copied (archived, denied, changing all the time) end the run with 3: the recovery point is\n` +
        'made, without them. A run that another run for the same --scheduled-at makes needless ends with 0 and says so. After one that\n' +
        'failed or was killed it is made again.',
    );
}

export async function backupObjects(run: CommandRun): Promise<Answer> {
  const { dependencies, command, source, store, reporter, signal, now } = run;
  const options = command.opts<MirrorOptions & SharedOptions>();
  const { objects } = dependencies;
  const chosen = chosenMirrors(command);
  const mirrors = await Promise.all(chosen.map((setting) => objects.openMirror(setting)));
  const vault = await objects.openBucket({ uri: options.vault });
  reporter.headline(`${source}: ${mirrors.map(({ from }) => from.uri).join(', ')} → ${store.uri}`);
  const { class: retention, scheduledAt } = options;
  const result = await objects.backup(
    {
      ...{ source, class: retention, scheduledAt, mirrors, vault },
      ...{ given: givenMirrors(command), settings: mirrorSettings(options) },
    },
    { store, reporter, signal, now, deadlineSeconds: options.deadline },
  );
  if (result.outcome === 'made') {
    const { totals, mirrors: made } = result.manifest;
    const storedBytes = totals.storedBytes + made.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    run.measure(madeFigures({ ...result, storedBytes, items: totals.items }));
  }
  return mirrorsAnswer(source, result);
}
