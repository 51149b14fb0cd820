import { Option, type Command } from 'commander';
import { DEFAULT_MIRROR_SETTINGS } from '../../components/objects/types';
import { usageError } from '../../errors';
import type { Answer } from '../answer';
import type { CommandRun, Counted } from '../execute';
import { examples, EXIT_CODES_HELP, PLACES_HELP, VAULT_HELP } from '../help-text';
import { addConcurrency, mirrorName } from '../options/mirror-options';
import { addSharedOptions, LONG_RUN, type SharedOptions } from '../options/shared-options';
import { nonEmpty } from '../options/values';
import { objectsRestoreAnswer } from '../output/objects-output';
import { addPointArgument } from './point-argument';

export const RESTORE_OBJECTS_COUNTED: Counted = {
  component: 'objects',
  succeeded: 'restoreSucceeded',
  failed: 'restoreFailed',
};

interface RestoreObjectsOptions extends SharedOptions {
  readonly mirror?: string;
  readonly to?: string;
  readonly toEndpoint?: string;
  readonly toSecret?: string;
  readonly prefix: string;
  readonly overwrite?: boolean;
  readonly throughHere?: boolean;
  readonly concurrency: number;
}

export function describeRestoreObjects(parent: Command): Command {
  const command = parent
    .command('objects')
    .summary('restore a mirror into a bucket')
    .description(
      'Puts the objects of a mirror back as they were at a recovery point, each compared with its digest. What is there already\n' +
        'with the same content is left alone; other content is written over only with --overwrite. Nothing is deleted.',
    );
  addPointArgument(command);
  command.optionsGroup('What to restore, and where to:');
  [
    new Option('--to <uri>', 'the bucket to fill, or a folder of it: s3://bucket[/folder]').argParser(nonEmpty),
    new Option('--mirror <name>', 'which of the point’s mirrors; not needed when it has one').argParser(mirrorName),
    new Option('--prefix <prefix>', 'only keys that begin so').argParser(nonEmpty).default('', 'all'),
    new Option('--overwrite', 'write over other content under the same key'),
    new Option('--to-endpoint <url>', 'of a store other than the vault’s').argParser(nonEmpty),
    new Option(
      '--to-secret <name>',
      'Secrets Manager secret with accessKeyId and secretAccessKey of that store',
    ).argParser(nonEmpty),
    new Option('--through-here', 'send every byte through this program, even where the store could copy by itself'),
    addConcurrency(),
  ].forEach((option) => command.addOption(option));
  addSharedOptions(command, { deadline: LONG_RUN, documents: ['postgres-backup/objects/1'] });
  return command
    .addHelpText('after', VAULT_HELP)
    .addHelpText('after', PLACES_HELP)
    .addHelpText(
      'after',
      examples(
        'postgres-backup restore objects latest --vault s3://acme-vault --source orders --mirror uploads --to s3://acme-uploads',
        'postgres-backup restore objects 20261120T021003Z-4k2m9x --vault s3://acme-vault --source orders --to s3://new --prefix invoices/',
      ),
    )
    .addHelpText('after', EXIT_CODES_HELP);
}

export async function restoreObjects(point: string, run: CommandRun): Promise<Answer> {
  const { dependencies, command, store, reporter, signal, now } = run;
  const options = command.opts<RestoreObjectsOptions>();
  const { to: uri, toEndpoint: endpoint, toSecret: secret } = options;
  if (uri === undefined) throw usageError('it is not said where to restore to', 'Give --to s3://bucket[/folder].');
  const { objects } = dependencies;
  const to = await objects.openBucket({ uri, endpoint, secret });
  const vault = await objects.openBucket({ uri: options.vault });
  const found = await run.points('objects').find(point);
  reporter.headline(`${run.source} ${found.manifest.point} → ${to.uri}`);
  const report = await objects.restore(
    {
      point: found,
      mirror: options.mirror,
      vault,
      openReplica: (replica) => objects.openBucket({ uri: replica }),
      to,
      way: endpoint === undefined && secret === undefined && !options.throughHere ? 'by the store' : 'through here',
      below: options.prefix,
      existing: options.overwrite ? 'overwrite' : 'refuse',
      settings: { ...DEFAULT_MIRROR_SETTINGS, concurrency: options.concurrency },
    },
    { store, reporter, signal, now },
  );
  run.measure({ restoreDuration: Math.round(report.durationMs) / 1000 });
  return objectsRestoreAnswer(report);
}
