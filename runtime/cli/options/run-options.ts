/** What of a system is run, where, and as what. */
import { InvalidArgumentError, Option, type Command } from 'commander';
import {
  COMPONENTS,
  RUN_CONFIGURATION_FORMAT,
  type Component,
  type RetentionClass,
  type RunConfiguration,
} from '../../../model';
import { usageError } from '../../errors';
import type { ReferenceQuery } from '../../system/references';
import { classOption } from './point-options';
import { Setting } from './setting';
import { jsonList, moment, nonEmpty, oneOf, repeatable } from './values';

export interface RunOptions {
  readonly component?: readonly Component[];
  readonly all?: boolean;
  readonly set?: boolean;
  readonly local?: boolean;
  readonly class: RetentionClass;
  readonly scheduledAt?: Date;
  readonly verified?: boolean;
  readonly referenceQuery?: readonly ReferenceQuery[];
  readonly cluster?: string;
  readonly taskDefinition?: readonly (readonly [Component, string])[];
  readonly subnet?: readonly string[];
  readonly securityGroup?: readonly string[];
}

export function addRunOptions(command: Command): Command {
  return command
    .optionsGroup('What to run:')
    .addOption(
      new Option('--component <name>', `a component to back up; repeat it: ${COMPONENTS.join(', ')}`).argParser(
        components,
      ),
    )
    .addOption(new Option('--all', 'every component that is deployed, recorded as a set'))
    .addOption(new Option('--set', 'record the components named as a set: the full system'))
    .addOption(classOption())
    .addOption(
      new Setting(
        '--scheduled-at <time>',
        'time of the schedule, ISO 8601 with zone: names what is made; of two sets for one time one is made',
      )
        .argParser(moment)
        .fromEnvironment('scheduledAt'),
    )
    .addOption(new Option('--verified', 'wait until each recovery point is verified by the deployed function'))
    .addOption(
      new Setting(
        '--reference-query <mirror=SQL>',
        'a SELECT of one column, the keys of a mirror’s objects that rows refer to: each must be in the set.\n' +
          'It is asked of the server that the environment names; repeat it for other mirrors',
      )
        .argParser(referenceQueries)
        .fromEnvironment('referenceQueries', (text) =>
          jsonList(text).reduce<readonly ReferenceQuery[]>((before, one) => referenceQueries(one, before), []),
        ),
    )
    .optionsGroup('Where to run it:')
    .addOption(new Option('--local', 'on this machine, with this environment, instead of as deployed tasks'))
    .addOption(new Option('--cluster <name>', 'ECS cluster, where the stack wrote down nothing').argParser(nonEmpty))
    .addOption(
      new Option('--task-definition <component=family>', 'the task of a component; repeat it').argParser(
        taskDefinitions,
      ),
    )
    .addOption(new Option('--subnet <id>', 'subnet of the tasks; repeat it').argParser(repeatable))
    .addOption(new Option('--security-group <id>', 'security group of the tasks; repeat it').argParser(repeatable));
}

function components(text: string, before: readonly Component[] = []): readonly Component[] {
  const component = oneOf(COMPONENTS)(text);
  if (before.includes(component)) throw new InvalidArgumentError('It is given twice.');
  return [...before, component];
}

function referenceQueries(text: string, before: readonly ReferenceQuery[] = []): readonly ReferenceQuery[] {
  const [mirror, sql] = twoParts(
    text,
    "Give the mirror’s name and the query, such as uploads='SELECT key FROM documents'.",
  );
  if (before.some((one) => one.mirror === mirror)) throw new InvalidArgumentError('That mirror has a query already.');
  return [...before, { mirror, sql }];
}

function taskDefinitions(
  text: string,
  before: readonly (readonly [Component, string])[] = [],
): readonly (readonly [Component, string])[] {
  const [component, family] = twoParts(text, 'Give component and family, such as dump=shop-backup.');
  return [...before, [oneOf(COMPONENTS)(component), family]];
}

function twoParts(text: string, hint: string): [string, string] {
  const at = text.indexOf('=');
  if (at < 1 || text.slice(at + 1).trim() === '') throw new InvalidArgumentError(hint);
  return [text.slice(0, at), text.slice(at + 1)];
}

/** Refuses what contradicts itself; nothing was begun. */
export function checkRunOptions(options: RunOptions): void {
  if (options.all && options.component) throw usageError('--all and --component are both given', 'Give one of them.');
  if (!options.all && !options.component) {
    throw usageError('nothing to run is given', 'Give --component NAME, once or more, or --all.');
  }
  if (options.local && options.all) {
    throw usageError('--all is of what is deployed', 'With --local, name each with --component, and give --set.');
  }
  if (options.local && options.cluster) throw usageError('--local and --cluster are both given', 'Give one of them.');
  const isMirrored = options.all || options.component?.includes('objects');
  if (options.referenceQuery && !isMirrored) {
    throw usageError('--reference-query is given, but no objects are backed up', 'Add --component objects.');
  }
}

/** The deployed tasks as the options name them; nothing when they name none. */
export function statedConfiguration(options: RunOptions): RunConfiguration | undefined {
  const { cluster, taskDefinition = [], subnet = [], securityGroup = [] } = options;
  if (cluster === undefined) return undefined;
  if (taskDefinition.length === 0 || subnet.length === 0 || securityGroup.length === 0) {
    throw usageError(
      '--cluster alone says not enough',
      'Give --task-definition component=family, --subnet and --security-group too.',
    );
  }
  return {
    format: RUN_CONFIGURATION_FORMAT,
    cluster,
    tasks: taskDefinition.map(([component, family]) => ({
      component,
      taskDefinition: family,
      container: 'backup',
      subnets: subnet,
      securityGroups: securityGroup,
    })),
  };
}
