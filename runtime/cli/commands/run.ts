import type { Command } from 'commander';
import type { BackupSet, Component, RunConfiguration } from '../../../model';
import { addressOfSet, type SystemRunRequest } from '../../system/run-system';
import { makeScheduledSet } from '../../system/scheduled-set';
import type { TaskStarter } from '../../system/task';
import type { Answer } from '../answer';
import type { CommandRun } from '../execute';
import { examples, EXIT_CODES_HELP, serverHelp, VAULT_HELP } from '../help-text';
import { addRunOptions, checkRunOptions, statedConfiguration, type RunOptions } from '../options/run-options';
import { serverEnvironment } from '../options/server-environment';
import { addSecretOptions, addSharedOptions, LONG_RUN, type SharedOptions } from '../options/shared-options';
import { runAnswer } from '../output/run-output';

export function describeRun(parent: Command): Command {
  const command = parent
    .command('run')
    .summary('back up one component, or the full system, now')
    .description(
      'Starts the deployed tasks and follows them until what they made is in the vault, or runs the same here (--local).\n' +
        'With --all, or --set, the recovery points are recorded as a set, with a report: what belongs together is restored together.',
    );
  addRunOptions(command);
  addSecretOptions(command);
  addSharedOptions(command, { deadline: LONG_RUN, documents: ['postgres-backup/run/1'] });
  return command
    .addHelpText('after', serverHelp('whose rows --reference-query looks at, or --local backs up'))
    .addHelpText('after', VAULT_HELP)
    .addHelpText(
      'after',
      examples(
        'postgres-backup run --all --vault s3://acme-vault --source orders',
        'postgres-backup run --component dump --verified --vault s3://acme-vault --source orders',
        'postgres-backup run --local --component dump --component configuration --set --vault s3://acme-vault --source orders',
      ),
    )
    .addHelpText('after', EXIT_CODES_HELP);
}

export async function runNow(run: CommandRun): Promise<Answer> {
  const options = run.command.opts<RunOptions & SharedOptions>();
  checkRunOptions(options);
  const { components, starter } = options.local ? here(options, run) : await deployed(options, run);
  const request: SystemRunRequest = {
    components,
    class: options.class,
    time: wholeSeconds(options.scheduledAt ?? run.now()),
    record: options.all || options.set ? 'set' : 'none',
    referenceQueries: options.referenceQuery ?? [],
  };
  run.reporter.headline(`${run.source}: ${components.join(', ')} → ${run.store.uri}`);
  const make = () => stoppedInWords(options, run, () => runSystem(request, starter, options, run));
  if (request.record === 'none' || options.scheduledAt === undefined) return runAnswer(await make(), request.record);
  const { set, by } = await makeScheduledSet(run.store, addressOfSet(request, run), make);
  return by === 'this run' ? runAnswer(set, 'set') : madeBefore(set);
}

/** That it was made is no success where it is none to restore. */
function madeBefore(set: BackupSet): Answer {
  const answer = runAnswer(set, 'set');
  if (set.outcome === 'passed') return { ...answer, outcome: 'skipped' };
  const hint = 'It was made before, and is not made again: without --scheduled-at another set is made now.';
  return { ...answer, lines: (style) => [...answer.lines(style), hint] };
}

interface Runnable {
  readonly components: readonly Component[];
  readonly starter: TaskStarter;
}

function here(options: RunOptions & SharedOptions, { dependencies, store, source }: CommandRun): Runnable {
  const env = serverEnvironment(dependencies.host.env, options);
  const { component = [] } = options;
  return { components: component, starter: dependencies.system.localTasks({ env, vaultUri: store.uri, source }) };
}

async function deployed(
  options: RunOptions,
  { dependencies: { system }, store, source }: CommandRun,
): Promise<Runnable> {
  const configuration = statedConfiguration(options) ?? (await system.configuration(source, store.uri));
  return { components: options.component ?? componentsOf(configuration), starter: system.deployedTasks(configuration) };
}

function componentsOf({ tasks }: RunConfiguration): Component[] {
  return tasks.map(({ component }) => component);
}

function runSystem(
  request: SystemRunRequest,
  starter: TaskStarter,
  { verified, deadline }: RunOptions & Pick<SharedOptions, 'deadline'>,
  run: CommandRun,
) {
  const { dependencies, store, source, reporter, signal, now } = run;
  const { system } = dependencies;
  return system.run(request, {
    store,
    source,
    starter,
    reporter,
    signal,
    now,
    wait: system.wait,
    until: verified ? 'verified' : 'made',
    ...(request.record === 'set' && deadline !== undefined && { patienceMs: patienceMs(deadline) }),
    spool: (query) => system.spool(query, run.server(), signal),
  });
}

/** A set is written down before the deadline, whatever is late: the rest of the time, at most two minutes, is for that. */
function patienceMs(deadlineSeconds: number): number {
  return (deadlineSeconds - Math.min(120, deadlineSeconds / 10)) * 1000;
}

/** A deployed task does not end because nobody follows it any more. */
async function stoppedInWords<Result>(
  { local }: RunOptions,
  { signal, reporter }: CommandRun,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (thrown) {
    if (signal.aborted && !local)
      reporter.warn('tasks that were started go on; postgres-backup status tells how they end');
    throw thrown;
  }
}

/** Recovery points are named by whole seconds. */
function wholeSeconds(time: Date): Date {
  return new Date(Math.floor(time.getTime() / 1000) * 1000);
}
