import { Option, type Command } from 'commander';
import type { PointAddress } from '../../../model';
import { BackupError } from '../../errors';
import type { Answer } from '../answer';
import type { CommandRun } from '../execute';
import { examples, EXIT_CODES_HELP, VAULT_HELP } from '../help-text';
import { addComponentOption, type ComponentOption } from '../options/component-option';
import { addSharedOptions, SHORT_RUN } from '../options/shared-options';
import { wholeNumber } from '../options/values';
import { pointAnswer } from '../output/point-output';
import { pointsAnswer, type ListedPoint } from '../output/points-output';
import type { Points } from '../points';
import { addOptionalPointArgument } from './point-argument';

interface InfoOptions extends ComponentOption {
  readonly limit: number;
  readonly tables?: boolean;
}

/** Manifests fetched at once. */
const FETCHED_AT_ONCE = 8;

export function describeInfo(parent: Command): Command {
  const command = parent
    .command('info')
    .summary('list recovery points, or show one')
    .description('Lists the recovery points of a source, the newest first, or shows one of them in detail.');
  addOptionalPointArgument(command);
  command.optionsGroup('What to show:');
  [
    new Option('--limit <n>', 'list this many at most, 1 to 10,000').argParser(wholeNumber(1, 10_000)).default(50),
    new Option('--tables', 'of one point: every table with its class and rows'),
  ].forEach((option) => command.addOption(option));
  addComponentOption(command);
  addSharedOptions(command, {
    deadline: SHORT_RUN,
    documents: ['postgres-backup/points/1', 'postgres-backup/point/1'],
  });
  return command
    .addHelpText('after', VAULT_HELP)
    .addHelpText(
      'after',
      examples(
        'postgres-backup info --vault s3://acme-vault --source orders',
        'postgres-backup info latest --vault s3://acme-vault --source orders --tables',
        "postgres-backup info --vault s3://acme-vault --source orders --json | jq -r '.points[0].point'",
      ),
    )
    .addHelpText(
      'after',
      `${EXIT_CODES_HELP}\nNo recovery point at all is a failure (1); one whose manifest cannot be read makes it 3.`,
    );
}

export async function info(wanted: string | undefined, run: CommandRun): Promise<Answer> {
  return wanted === undefined ? listAnswer(run) : onePointAnswer(wanted, run);
}

async function listAnswer(run: CommandRun): Promise<Answer> {
  const { store, source } = run;
  const points = pointsOf(run);
  const addresses = await points.list();
  const listed: ListedPoint[] = [];
  const { limit } = run.command.opts<InfoOptions>();
  const shown = addresses.slice(0, limit);
  for (let next = 0; next < shown.length; next += FETCHED_AT_ONCE) {
    const batch = shown.slice(next, next + FETCHED_AT_ONCE);
    listed.push(...(await Promise.all(batch.map((address) => read(address, points)))));
  }
  const { component } = points;
  return pointsAnswer({ source, component, vault: store.uri, total: addresses.length, listed }, run.now());
}

/** A manifest that is there and no good is a finding about that point; a store that does not answer ends the command. */
async function read(address: PointAddress, points: Points): Promise<ListedPoint> {
  try {
    return { address, point: await points.read(address) };
  } catch (thrown) {
    const aboutThePoint = ['manifest-invalid', 'object-missing', 'object-damaged', 'point-missing'];
    if (thrown instanceof BackupError && aboutThePoint.includes(thrown.code)) return { address, error: thrown };
    throw thrown;
  }
}

async function onePointAnswer(wanted: string, run: CommandRun): Promise<Answer> {
  const { store, now, command } = run;
  const point = await pointsOf(run).find(wanted);
  const { tables } = command.opts<InfoOptions>();
  return pointAnswer({
    point,
    uri: `${store.uri.replace(/\/$/, '')}/${point.prefix}`,
    now: now(),
    tables: tables ? 'listed' : 'counted',
  });
}

function pointsOf({ points, command }: CommandRun): Points {
  return points(command.opts<InfoOptions>().component);
}
