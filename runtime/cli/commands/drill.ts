import { hostname, userInfo } from 'node:os';
import {
  DRILL_EXTENTS,
  DRILL_FORMAT,
  DRILLED_COMPONENTS,
  type Drill,
  type DrilledComponent,
  type DrillExtent,
  type SqlCheck,
} from '../../../model';
import { usageError } from '../../errors';
import type { DrillRequest } from '../../drill/types';
import type { Answer } from '../answer';
import type { CommandRun, Counted, Execution } from '../execute';
import { examples, EXIT_CODES_HELP, PLACES_HELP, VAULT_HELP } from '../help-text';
import { MOST_JOBS } from '../options/dump-options';
import { Setting } from '../options/setting';
import { vaultEnvironment } from '../options/vault-environment';
import { addSharedOptions, LONG_RUN, type SharedOptions } from '../options/shared-options';
import { jsonList, moment, oneOf, repeatable, seconds, sqlChecks, wholeNumber } from '../options/values';
import { drillAnswer } from '../output/drill-output';
import { addOptionalPointArgument } from './point-argument';
import { Option, type Command } from 'commander';

/** Counted as its component's. */
export function drillExecution(point: string | undefined, command: Command): Execution {
  const { component } = command.opts<DrillOptions>();
  const counted: Counted = {
    component,
    succeeded: 'drillPassed',
    failed: 'drillFailed',
    unverified: 'drillUnverified',
  };
  return { counted, work: (run) => drill(point, run) };
}

interface DrillOptions extends SharedOptions {
  readonly component: DrilledComponent;
  readonly moment: 'random' | 'latest' | Date;
  readonly extent: DrillExtent;
  readonly sample?: number;
  readonly seed?: number;
  readonly checks: readonly SqlCheck[];
  readonly allowExtension: readonly string[];
  readonly recoveryTimeObjective?: number;
  readonly jobs: number;
}

const MOST_DEFAULT_JOBS = 4;
const ONE_WEEK_SECONDS = 7 * 86_400;
const LARGEST_SAMPLE = 10_000_000;
const LARGEST_SEED = 2 ** 31 - 1;

export function describeDrill(parent: Command, processors: number): Command {
  const command = parent
    .command('drill')
    .summary('restore a recovery point for practice, and compare')
    .description(
      'Restores a recovery point (the newest verified one unless told otherwise) into a throw-away server of its own, as a role\n' +
        'without power; compares everything with what the backup saw; asks the checks given; writes a record into the vault;\n' +
        'and cleans up. Needs the server programs of the source’s major version and room for the database.\n' +
        'Of a base backup, a whole server is restored to a moment; of objects, files and a configuration, some by lot or all.',
    );
  addOptionalPointArgument(command);
  command.optionsGroup('What is restored:');
  [
    new Option('--component <name>', `what was backed up: ${DRILLED_COMPONENTS.join(', ')}`)
      .argParser(oneOf(DRILLED_COMPONENTS))
      .default('dump'),
    new Option('--moment <moment>', 'of a base backup: random, latest, or an ISO 8601 time with zone')
      .argParser(drilledMoment)
      .default('random'),
    new Option('--extent <extent>', 'of objects and files: sample, full, or monthly (full until one passed this month)')
      .argParser(oneOf(DRILL_EXTENTS))
      .default('sample'),
    new Option(
      '--sample <n>',
      'of objects and files: how many of each mirror or volume (default: 100, or 1 %)',
    ).argParser(wholeNumber(1, LARGEST_SAMPLE)),
    new Option('--seed <n>', 'draws the same moment or sample again (default: by the clock)').argParser(
      wholeNumber(0, LARGEST_SEED),
    ),
  ].forEach((option) => command.addOption(option));
  command.optionsGroup('What is expected:');
  [
    new Setting('--checks <json>', 'SQL checks of the restored database, as the construct writes them: a JSON list')
      .argParser(sqlChecks)
      .default([], 'none')
      .fromEnvironment('checks'),
    new Setting('--recovery-time-objective <time>', 'a restore that takes longer misses the objective: 4h')
      .argParser(seconds(1, ONE_WEEK_SECONDS))
      .fromEnvironment('recoveryTimeObjective'),
    new Setting('--allow-extension <name>', 'an extension that may be made besides those known; repeat for several')
      .argParser(repeatable)
      .default([], 'none')
      .fromEnvironment('allowedExtensions', jsonList),
    new Setting('--jobs <n>', `tables restored at once, 1 to ${MOST_JOBS}`)
      .argParser(wholeNumber(1, MOST_JOBS))
      .default(Math.min(MOST_DEFAULT_JOBS, Math.max(1, processors)))
      .fromEnvironment('jobs'),
  ].forEach((option) => command.addOption(option));
  addSharedOptions(command, { deadline: LONG_RUN, documents: [DRILL_FORMAT] });
  return command
    .addHelpText('after', VAULT_HELP)
    .addHelpText('after', PLACES_HELP)
    .addHelpText(
      'after',
      examples(
        'postgres-backup drill --vault s3://acme-vault --source orders',
        'postgres-backup drill 20261120T021003Z-4k2m9x --vault s3://acme-vault --source orders --json',
        'postgres-backup drill --vault s3://acme-vault --source orders --recovery-time-objective 4h',
        'postgres-backup drill --vault s3://acme-vault --source orders --component base-backup --seed 4711',
        'postgres-backup drill --vault s3://acme-vault --source orders --component files --extent full',
      ),
    )
    .addHelpText('after', `${EXIT_CODES_HELP}\n  4  restored and as it was, but slower than the objective`);
}

async function drill(point: string | undefined, run: CommandRun): Promise<Answer> {
  const options = run.command.opts<DrillOptions>();
  const { store, reporter, signal, now, source, dependencies } = run;
  const { component } = options;
  refuseForeignOptions(run.command, component);
  const request: DrillRequest = {
    source,
    component,
    point: point ?? 'latest',
    checks: options.checks,
    jobs: options.jobs,
    allowedExtensions: options.allowExtension,
    recoveryTimeObjectiveSeconds: options.recoveryTimeObjective,
    where: whereWeAre(dependencies.host.env),
    ...(await forComponent(options, run)),
  };
  const what = component === 'dump' ? request.point : `${component} ${request.point}`;
  reporter.headline(`${source}: drill of ${what} in ${store.uri}`);
  const result = await dependencies.drills.run(request, { store, reporter, signal, now });
  run.measure(measured(result.drill));
  return drillAnswer(result);
}

/** What the drill of a component is told besides. */
async function forComponent(
  { component, moment: at, extent, sample: sampleItems, seed, vault: uri }: DrillOptions,
  { dependencies: { host, objects } }: CommandRun,
): Promise<Partial<DrillRequest>> {
  switch (component) {
    case 'base-backup':
      return { moment: at, seed, logReader: { program: host.program, environment: vaultEnvironment(host.env) } };
    case 'objects':
      return {
        extent,
        sampleItems,
        seed,
        vault: await objects.openBucket({ uri }),
        openReplica: (replica) => objects.openBucket({ uri: replica }),
      };
    case 'files':
      return { extent, sampleItems, seed };
    case 'dump':
    case 'configuration':
      return {};
  }
}

/** By option: the components that it says something of. Who gives one to another means something else. */
const OF_COMPONENTS: Readonly<Record<string, readonly DrilledComponent[]>> = {
  moment: ['base-backup'],
  extent: ['objects', 'files'],
  sample: ['objects', 'files'],
  seed: ['base-backup', 'objects', 'files'],
  checks: ['dump', 'base-backup'],
  allowExtension: ['dump'],
  jobs: ['dump'],
};

function refuseForeignOptions(command: Command, component: DrilledComponent): void {
  for (const [name, components] of Object.entries(OF_COMPONENTS)) {
    if (components.includes(component) || command.getOptionValueSource(name) !== 'cli') continue;
    const long = command.options.find((option) => option.attributeName() === name)?.long ?? name;
    throw usageError(`${long} says nothing of ${component}`, `It is of ${components.join(', ')}.`);
  }
}

function drilledMoment(text: string): DrillOptions['moment'] {
  return text === 'random' || text === 'latest' ? text : moment(text);
}

/** A container's metadata address ends with its own id. */
function whereWeAre(env: NodeJS.ProcessEnv): Drill['where'] {
  const task = env.ECS_CONTAINER_METADATA_URI_V4?.split('/').at(-1);
  return { host: hostname(), user: userName(), task: task === undefined || task === '' ? null : task };
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `user ${process.getuid?.() ?? 'unknown'}`; // One without a name, as in many containers.
  }
}

function measured({ durationMs, restoreMs }: Drill): Parameters<CommandRun['measure']>[0] {
  return { drillDuration: durationMs / 1000, ...(restoreMs !== null && { drillRestoreDuration: restoreMs / 1000 }) };
}
