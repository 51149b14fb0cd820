/** What `backup objects` mirrors and how. */
import { InvalidArgumentError, Option, type Command } from 'commander';
import { mirrorNameProblem, mirrorSettingsProblem, type MirrorSetting, type RetentionClass } from '../../../model';
import { DEFAULT_MIRROR_SETTINGS, type MirrorSettings } from '../../components/objects/types';
import { usageError } from '../../errors';
import { classOption, scheduledAtOption } from './point-options';
import { Setting } from './setting';
import { nonEmpty, repeatable, wholeNumber } from './values';

export interface MirrorOptions {
  readonly mirrors?: readonly MirrorSetting[];
  readonly mirror: string;
  readonly from?: string;
  readonly fromEndpoint?: string;
  readonly fromSecret?: string;
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly tags: boolean;
  readonly throughHere?: boolean;
  readonly concurrency: number;
  readonly bandwidthLimit?: number;
  readonly acceptLoss?: boolean;
  readonly class: RetentionClass;
  readonly scheduledAt?: Date;
}

const MOST_AT_ONCE = 512;

export function addMirrorOptions(command: Command): Command {
  command.optionsGroup('What to mirror:');
  const what = [
    new Option('--from <uri>', 'the bucket, or a folder of it: s3://bucket[/folder]').argParser(nonEmpty),
    new Option('--mirror <name>', 'name of the mirror; part of every key in the vault')
      .argParser(mirrorName)
      .default('main'),
    new Option('--from-endpoint <url>', 'of a store other than the vault’s: https://minio.internal:9000').argParser(
      nonEmpty,
    ),
    new Option(
      '--from-secret <name>',
      'Secrets Manager secret with accessKeyId and secretAccessKey of that store',
    ).argParser(nonEmpty),
    new Option('--include <prefix>', 'only keys that begin so; repeat for several')
      .argParser(repeatable)
      .default([], 'all'),
    new Option('--exclude <prefix>', 'not keys that begin so; repeat for several')
      .argParser(repeatable)
      .default([], 'none'),
    new Option('--no-tags', 'leave tags out, and save a request an object'),
    new Setting('--mirrors <json>', 'several mirrors at once, as a JSON list; instead of all options above')
      .argParser(mirrorList)
      .conflicts(['from', 'fromEndpoint', 'fromSecret', 'include', 'exclude', 'tags', 'throughHere'])
      .fromEnvironment('mirrors'),
  ];
  what.forEach((option) => command.addOption(option));

  command.optionsGroup('How to mirror:');
  const how = [
    addConcurrency(),
    new Setting('--bandwidth-limit <size>', 'move no more through this program in a second: 10M, 1G')
      .argParser(bytes)
      .fromEnvironment('bandwidthLimit'),
    new Option('--through-here', 'send every byte through this program, even where the store could copy by itself'),
    new Option('--accept-loss', 'take it for right that most objects are gone since the last recovery point'),
    classOption(),
    scheduledAtOption(),
  ];
  how.forEach((option) => command.addOption(option));
  return command;
}

export function addConcurrency(): Setting {
  return new Setting('--concurrency <n>', `objects on their way at once, 1 to ${MOST_AT_ONCE}`)
    .argParser(wholeNumber(1, MOST_AT_ONCE))
    .default(DEFAULT_MIRROR_SETTINGS.concurrency)
    .fromEnvironment('concurrency');
}

/** The mirrors that are asked for; what the command line says counts before what the environment says. */
export function chosenMirrors(command: Command): readonly MirrorSetting[] {
  const options = command.opts<MirrorOptions>();
  const { mirror, from, fromEndpoint, fromSecret, include, exclude, tags, throughHere, mirrors } = options;
  if (from !== undefined) {
    return [{ name: mirror, from, endpoint: fromEndpoint, secret: fromSecret, include, exclude, tags, throughHere }];
  }
  if (mirrors !== undefined) return mirrors;
  throw usageError(
    'it is not said what to mirror',
    'Give --from s3://bucket[/folder], or set POSTGRES_BACKUP_MIRRORS.',
  );
}

/** What the environment says is what there is; what somebody types may be a part of it. */
export function givenMirrors(command: Command): 'everything' | 'some' {
  const isTyped = command.opts<MirrorOptions>().from !== undefined || command.getOptionValueSource('mirrors') !== 'env';
  return isTyped ? 'some' : 'everything';
}

export function mirrorSettings(options: MirrorOptions): MirrorSettings {
  return {
    ...DEFAULT_MIRROR_SETTINGS,
    concurrency: options.concurrency,
    bandwidthBytesPerSecond: options.bandwidthLimit,
    loss: options.acceptLoss ? 'accept' : 'refuse',
  };
}

export function mirrorName(text: string): string {
  const problem = mirrorNameProblem(text);
  if (problem !== undefined) throw new InvalidArgumentError(`As a mirror’s name, ${problem}.`);
  return text;
}

function mirrorList(text: string): readonly MirrorSetting[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new InvalidArgumentError('Give a JSON list, such as [{"name":"uploads","from":"s3://acme-uploads"}].');
  }
  const problem = mirrorSettingsProblem(value);
  if (problem !== undefined) throw new InvalidArgumentError(`As a list of mirrors, ${problem}.`);
  return value as readonly MirrorSetting[];
}

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/** Bytes: `500000`, `500k`, `10M`, `1G`, by 1,024. */
function bytes(text: string): number {
  const match = /^(\d{1,12})([kmg]?)i?b?$/i.exec(text);
  const value = match ? Number(match[1]) * UNITS[match[2].toLowerCase()] : NaN;
  if (!(value >= 1024 && value <= 1024 ** 4)) {
    throw new InvalidArgumentError('Give bytes, or a number with K, M or G (500K, 10M, 1G), of 1K at least.');
  }
  return value;
}
