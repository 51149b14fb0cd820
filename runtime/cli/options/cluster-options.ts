/** Whose log it is: the cluster in a data directory, or one that is named. */
import { InvalidArgumentError, Option, type Command } from 'commander';
import { systemIdentifierProblem } from '../../../model';
import type { Dependencies } from '../dependencies';
import { nonEmpty } from './values';

export interface ClusterOptions {
  readonly dataDirectory?: string;
  readonly systemIdentifier?: string;
}

export function addClusterOptions(command: Command): void {
  [
    new Option(
      '--data-directory <dir>',
      'data directory of the server (default: the working directory, in which PostgreSQL calls its commands)',
    ).argParser(nonEmpty),
    new Option('--system-identifier <id>', 'the cluster, in place of a data directory: as pg_controldata prints it')
      .argParser(systemIdentifier)
      .conflicts('dataDirectory'),
  ].forEach((option) => command.addOption(option));
}

/** The system identifier that the options name. */
export async function clusterOf(options: ClusterOptions, { wal }: Dependencies): Promise<string> {
  return options.systemIdentifier ?? wal.systemIdentifier(options.dataDirectory ?? '.');
}

export function systemIdentifier(text: string): string {
  const problem = systemIdentifierProblem(text);
  if (problem) throw new InvalidArgumentError(`That cannot be: ${problem}.`);
  return text;
}
