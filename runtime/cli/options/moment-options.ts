/** To which moment a server is restored, and where to: options of `restore` in place of a recovery point. */
import { InvalidArgumentError, Option, type Command } from 'commander';
import { parseLsn } from '../../../model';
import { usageError } from '../../errors';
import type { MomentRequest, MomentTarget } from '../../recovery/types';
import { moment, nonEmpty, pointName, wholeNumber } from './values';

export interface MomentOptions {
  readonly toTime?: Date;
  readonly toLsn?: bigint;
  readonly toName?: string;
  readonly toLatest?: boolean;
  readonly dataDirectory?: string;
  readonly timeline?: number;
  readonly base?: string;
  readonly tablespaceMapping: ReadonlyMap<string, string>;
  readonly pause?: boolean;
  readonly start: boolean;
}

const LARGEST_TIMELINE = 2 ** 31 - 1;

export function addMomentOptions(command: Command): void {
  command.optionsGroup('To a moment, of a whole server, in place of a point:');
  [
    new Option('--to-time <time>', 'what was committed until then: ISO 8601 with zone').argParser(moment),
    new Option('--to-lsn <position>', 'a position of the log: 16/B374D848').argParser(position),
    new Option('--to-name <name>', 'a restore point, as pg_create_restore_point made it').argParser(nonEmpty),
    new Option('--to-latest', 'as far as the WAL archive reaches'),
    new Option(
      '--data-directory <dir>',
      'where the server’s files go; made when it is not there, else empty',
    ).argParser(nonEmpty),
    new Option('--timeline <n>', 'the timeline that the moment is on (default: the newest in the archive)').argParser(
      wholeNumber(1, LARGEST_TIMELINE),
    ),
    new Option('--base <point>', 'base backup to begin with (default: the newest before the moment)').argParser(
      pointName,
    ),
    new Option(
      '--tablespace-mapping <old=new>',
      'directory of a tablespace in place of where it was; repeat for several',
    )
      .argParser(mapping)
      .default(new Map(), 'where they were'),
    new Option('--pause', 'leave the server waiting at the moment, to be looked at; else it is made a primary'),
    new Option('--no-start', 'build the directory and its settings, and do not recover').conflicts('pause'),
  ].forEach((option) => command.addOption(option));
}

/** The moment that the options name; nothing when they name none. */
export function momentTarget(options: MomentOptions): MomentTarget | undefined {
  const { toTime, toLsn, toName, toLatest } = options;
  const targets: MomentTarget[] = [
    ...(toTime ? [{ kind: 'time', at: toTime } as const] : []),
    ...(toLsn !== undefined ? [{ kind: 'lsn', lsn: toLsn } as const] : []),
    ...(toName !== undefined ? [{ kind: 'name', name: toName } as const] : []),
    ...(toLatest ? [{ kind: 'latest' } as const] : []),
  ];
  if (targets.length > 1) {
    throw usageError('more than one moment is given', 'Give one of --to-time, --to-lsn, --to-name, --to-latest.');
  }
  return targets[0];
}

/** What the options say besides where the vault is reached from. */
export function momentRequest(
  options: MomentOptions,
): Pick<MomentRequest, 'dataDirectory' | 'timeline' | 'base' | 'tablespaces' | 'end'> {
  const { dataDirectory, timeline, base, tablespaceMapping: tablespaces } = options;
  if (dataDirectory === undefined) {
    throw usageError('it is not said where the server’s files go', 'Give --data-directory DIR: an empty or a new one.');
  }
  return {
    dataDirectory,
    timeline,
    base,
    tablespaces,
    end: !options.start ? 'no start' : options.pause ? 'pause' : 'promote',
  };
}

function position(text: string): bigint {
  const lsn = parseLsn(text);
  if (lsn === undefined)
    throw new InvalidArgumentError('Give a position as PostgreSQL writes it, such as 16/B374D848.');
  return lsn;
}

function mapping(text: string, before: ReadonlyMap<string, string> | undefined): ReadonlyMap<string, string> {
  const [, from, to] = /^(\/[^=]*)=(\/[^=]*)$/.exec(text) ?? [];
  if (from === undefined) throw new InvalidArgumentError('Give two absolute directories: /srv/fast=/mnt/fast.');
  if (before?.has(from)) throw new InvalidArgumentError('That directory is given twice.');
  return new Map([...(before ?? []), [from, to]]);
}
