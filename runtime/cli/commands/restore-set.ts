import { InvalidArgumentError, Option, type Command } from 'commander';
import { COMPONENTS, type BackupSet, type Component, type SqlCheck } from '../../../model';
import { usageError } from '../../errors';
import { restoreSteps, type ConfigurationTarget, type RestoreTargets } from '../../system/restore-steps';
import type { Answer } from '../answer';
import type { CommandRun } from '../execute';
import { examples, EXIT_CODES_HELP, serverHelp, VAULT_HELP } from '../help-text';
import { serverEnvironment } from '../options/server-environment';
import { addSecretOptions, addSharedOptions, LONG_RUN, type SharedOptions } from '../options/shared-options';
import { nonEmpty, oneOf, repeatable, sqlChecks } from '../options/values';
import { plannedSetAnswer, restoredSetAnswer } from '../output/restore-set-output';
import { addPointArgument } from './point-argument';

interface RestoreSetOptions extends SharedOptions {
  readonly service: readonly string[];
  readonly cluster?: string;
  readonly objectsTo: ReadonlyMap<string, string>;
  readonly objectsEndpoint: ReadonlyMap<string, string>;
  readonly objectsSecret: ReadonlyMap<string, string>;
  readonly configuration: 'apply' | 'diff' | 'skip';
  readonly configurationName: readonly string[];
  readonly parameterKey?: string;
  readonly filesTo?: string;
  readonly overwrite?: boolean;
  readonly clean?: boolean;
  readonly create?: boolean;
  readonly roles?: boolean;
  readonly skip: readonly Component[];
  readonly skipMirror: readonly string[];
  readonly checks: readonly SqlCheck[];
  readonly state?: string;
  readonly dryRun?: boolean;
}

export function describeRestoreSet(parent: Command): Command {
  const command = parent
    .command('set')
    .summary('restore the full system from a set')
    .description(
      'Restores what belongs together: stops the ECS services named, restores each component of the set in order, asks your\n' +
        'checks, and starts the services again, also when it fails half-way. The same command again goes on where it was broken off.',
    );
  addPointArgument(command);
  addSetOptions(command);
  addSecretOptions(command);
  addSharedOptions(command, { deadline: LONG_RUN, documents: ['postgres-backup/restore-set/1'] });
  return command
    .addHelpText('after', serverHelp('the database to fill'))
    .addHelpText('after', VAULT_HELP)
    .addHelpText(
      'after',
      examples(
        'postgres-backup restore set latest --dry-run --vault s3://acme-vault --source orders',
        'postgres-backup restore set latest --service web --cluster shop --clean --objects-to uploads=s3://acme-uploads --vault s3://acme-vault --source orders',
      ),
    )
    .addHelpText('after', EXIT_CODES_HELP);
}

function addSetOptions(command: Command): void {
  const options = [
    new Option('--dry-run', 'only say what would be done'),
    new Option('--service <name>', 'ECS service to stop meanwhile: name or ARN; repeat it')
      .argParser(repeatable)
      .default([], 'none'),
    new Option('--cluster <name>', 'ECS cluster of the services').argParser(nonEmpty),
    new Option('--clean', 'drop the database with all it holds, and create it anew'),
    new Option('--create', 'create the database when there is none'),
    new Option('--roles', 'restore roles and memberships first'),
    new Option('--objects-to <mirror=uri>', 'the bucket for a mirror’s objects: uploads=s3://bucket; repeat it')
      .argParser(places)
      .default(new Map(), 'nowhere'),
    new Option('--objects-endpoint <mirror=url>', 'the store that the bucket is of, if not the vault’s; repeat it')
      .argParser(endpoints)
      .default(new Map(), 'none'),
    new Option(
      '--objects-secret <mirror=name>',
      'Secrets Manager secret with accessKeyId and secretAccessKey of that store; repeat it',
    )
      .argParser(secrets)
      .default(new Map(), 'none'),
    new Option('--files-to <directory>', 'the directory for the files').argParser(nonEmpty),
    new Option('--configuration <how>', 'diff: only say what differs; apply: write it back by name after that; skip')
      .argParser(oneOf(['diff', 'apply', 'skip']))
      .default('diff'),
    new Option('--configuration-name <name>', 'entry that is written back, such as parameter:/orders/flags; repeat it')
      .argParser(repeatable)
      .default([], 'all that have a place to be put back to'),
    new Option(
      '--parameter-key <key>',
      'key of KMS for a SecureString that is written; the account’s own by default',
    ).argParser(nonEmpty),
    new Option('--overwrite', 'write over other objects and files under the same name'),
    new Option('--skip <component>', 'leave a component of the set out; repeat it')
      .argParser(skipped)
      .default([], 'none'),
    new Option('--skip-mirror <name>', 'leave a mirror of the set out; repeat it')
      .argParser(repeatable)
      .default([], 'none'),
    new Option('--checks <json>', 'SQL checks to ask at the end, as a drill takes them')
      .argParser(sqlChecks)
      .default([], 'none'),
    new Option(
      '--state <file>',
      'where it is written down what is done (default: postgres-backup-restore-SOURCE.json)',
    ).argParser(nonEmpty),
  ];
  command.optionsGroup('What to restore, and how:');
  options.forEach((option) => command.addOption(option));
}

export async function restoreSet(wanted: string, run: CommandRun): Promise<Answer> {
  const options = run.command.opts<RestoreSetOptions>();
  const { source, store, reporter, signal, now, dependencies } = run;
  const { system, host } = dependencies;
  const passedOver = (set: string, reason: string) => reporter.warn(`set ${set} is passed over: ${reason}`);
  const set = await system.findSet(store, source, wanted, passedOver);
  const request = {
    set: set.set,
    services: options.service,
    steps: restoreSteps(set, await targetsOf(set, options, run)),
  };
  reporter.headline(`${source}: set ${set.set} of ${set.startedAt}`);
  if (options.dryRun) return plannedSetAnswer(source, request);

  // Whoever names a secret here means it for the databases, and not for the checks alone.
  const env = serverEnvironment(host.env, options);
  const report = await system.restore(request, {
    services: system.services(options.cluster, signal),
    state: system.stateFile(options.state ?? `postgres-backup-restore-${source}.json`),
    perform: (step) => system.perform(step, { env, vaultUri: store.uri, source, signal }),
    check: () => (options.checks.length === 0 ? Promise.resolve([]) : system.check(options.checks, run.server(), run)),
    reporter,
    signal,
    now,
  });
  return restoredSetAnswer(source, report);
}

async function targetsOf(set: BackupSet, options: RestoreSetOptions, run: CommandRun): Promise<RestoreTargets> {
  const absent = options.skip.find((component) => !set.members.some((member) => member.component === component));
  if (absent) throw usageError(`--skip ${absent}: the set has none`);
  const configuration = await configurationTarget(set, options, run);
  const dump = set.members.find(({ component }) => component === 'dump');
  const point = dump?.point && !options.skip.includes('dump') ? await run.points('dump').find(dump.point) : undefined;
  return {
    databases: point?.manifest.databases.map(({ name }) => name) ?? [],
    server: point ? run.server().description : '',
    ...(await objectsTargets(set, options, run)),
    dumpOptions: (['clean', 'create', 'roles'] as const).filter((name) => options[name]).map((name) => `--${name}`),
    files: options.filesTo,
    overwrite: options.overwrite ? 'overwrite' : 'refuse',
    configuration,
    skip: options.configuration === 'skip' ? [...options.skip, 'configuration'] : options.skip,
  };
}

async function objectsTargets(
  { members }: BackupSet,
  { objectsTo, objectsEndpoint, objectsSecret, skip, skipMirror }: RestoreSetOptions,
  run: CommandRun,
): Promise<Pick<RestoreTargets, 'mirrors' | 'objects' | 'skipMirrors'>> {
  const stray = [...objectsEndpoint.keys(), ...objectsSecret.keys()].find((mirror) => !objectsTo.has(mirror));
  if (stray !== undefined) {
    throw usageError(
      `it is said of which store ${stray} is, but not where to`,
      `Give --objects-to ${stray}=s3://bucket.`,
    );
  }
  const objects = new Map(
    [...objectsTo].map(([mirror, uri]) => [
      mirror,
      { uri, endpoint: objectsEndpoint.get(mirror), secret: objectsSecret.get(mirror) },
    ]),
  );
  const point = members.find(({ component }) => component === 'objects')?.point;
  const found = point && !skip.includes('objects') ? await run.points('objects').find(point) : undefined;
  return { mirrors: found?.manifest.mirrors.map(({ name }) => name) ?? [], objects, skipMirrors: skipMirror };
}

/** What cannot be written back is refused before anything is stopped. */
async function configurationTarget(
  { members }: BackupSet,
  { configuration: action, configurationName: wanted, parameterKey }: RestoreSetOptions,
  run: CommandRun,
): Promise<ConfigurationTarget> {
  if (action !== 'apply' && wanted.length > 0) {
    throw usageError('--configuration-name is given, but nothing is written back', 'Add --configuration apply.');
  }
  if (action !== 'apply') return { action: 'diff' };
  const point = members.find(({ component }) => component === 'configuration')?.point;
  if (!point) throw usageError('--configuration apply: the set has none');
  const { manifest } = await run.points('configuration').find(point);
  // A text has no place that it could be put back to.
  const known = manifest.entries.filter(({ kind }) => kind !== 'text').map(({ name }) => name);
  const unknown = wanted.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw usageError(
      `the set has no entry ${JSON.stringify(unknown)} to write back`,
      `It has: ${known.join(', ') || 'none'}.`,
    );
  }
  return { action, names: wanted.length > 0 ? wanted : known, parameterKey };
}

function skipped(text: string, before: readonly Component[]): readonly Component[] {
  return [...before, oneOf(COMPONENTS)(text)];
}

const places = ofMirror(/^s3:\/\/./, 'Give the mirror’s name and its bucket, such as uploads=s3://acme-uploads.');
const endpoints = ofMirror(
  /^https?:\/\/./,
  'Give the mirror’s name and a URL, such as uploads=https://minio.internal:9000.',
);
const secrets = ofMirror(/./, 'Give the mirror’s name and that of the secret, such as uploads=orders/minio.');

/** Reads `mirror=value`, each mirror once. */
function ofMirror(pattern: RegExp, hint: string) {
  return (text: string, before: ReadonlyMap<string, string>): ReadonlyMap<string, string> => {
    const at = text.indexOf('=');
    const [mirror, value] = [text.slice(0, at), text.slice(at + 1)];
    if (at < 1 || !pattern.test(value)) throw new InvalidArgumentError(hint);
    if (before.has(mirror)) throw new InvalidArgumentError('It is given twice for that mirror.');
    return new Map([...before, [mirror, value]]);
  };
}
