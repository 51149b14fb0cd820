import { hostname, userInfo } from 'node:os';
import { DRILL_FORMAT, type Drill, type SqlCheck } from '../../../model';
import type { DrillRequest } from '../../drill/types';
import type { Answer } from '../answer';
import type { CommandRun, Counted } from '../execute';
import { examples, EXIT_CODES_HELP, PLACES_HELP, VAULT_HELP } from '../help-text';
import { MOST_JOBS } from '../options/dump-options';
import { Setting } from '../options/setting';
import { addSharedOptions, LONG_RUN, type SharedOptions } from '../options/shared-options';
import { jsonList, repeatable, seconds, sqlChecks, wholeNumber } from '../options/values';
import { drillAnswer } from '../output/drill-output';
import { addOptionalPointArgument } from './point-argument';
import type { Command } from 'commander';

export const DRILL_COUNTED: Counted = {
  component: 'dump',
  succeeded: 'drillPassed',
  failed: 'drillFailed',
  unverified: 'drillUnverified',
};

interface DrillOptions extends SharedOptions {
  readonly checks: readonly SqlCheck[];
  readonly allowExtension: readonly string[];
  readonly recoveryTimeObjective?: number;
  readonly jobs: number;
}

const MOST_DEFAULT_JOBS = 4;
const ONE_WEEK_SECONDS = 7 * 86_400;

export function describeDrill(parent: Command, processors: number): Command {
  const command = parent
    .command('drill')
    .summary('restore a recovery point for practice, and compare')
    .description(
      'Restores a recovery point (the newest verified one unless told otherwise) into a throw-away server of its own, as a role\n' +
        'without power; compares everything with what the backup saw; asks the checks given; writes a record into the vault;\n' +
        'and cleans up. Needs the server programs of the source’s major version and room for the database.',
    );
  addOptionalPointArgument(command);
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
      ),
    )
    .addHelpText('after', `${EXIT_CODES_HELP}\n  4  restored and as it was, but slower than the objective`);
}

export async function drill(point: string | undefined, run: CommandRun): Promise<Answer> {
  const options = run.command.opts<DrillOptions>();
  const { store, reporter, signal, now, source, dependencies } = run;
  const request: DrillRequest = {
    source,
    point: point ?? 'latest',
    checks: options.checks,
    jobs: options.jobs,
    allowedExtensions: options.allowExtension,
    recoveryTimeObjectiveSeconds: options.recoveryTimeObjective,
    where: whereWeAre(dependencies.host.env),
  };
  reporter.headline(`${source}: drill of ${request.point} in ${store.uri}`);
  const result = await dependencies.drills.run(request, { store, reporter, signal, now });
  run.measure(measured(result.drill));
  return drillAnswer(result);
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
