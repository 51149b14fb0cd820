/** Whose managed window is restored from, and into what: options of `restore` in place of a data directory. */
import { InvalidArgumentError, Option, type Command } from 'commander';
import { usageError } from '../../errors';
import type { ManagedRestoreRequest } from '../../managed/restore/types';
import type { MomentTarget } from '../../recovery/types';

export interface ManagedOptions {
  readonly rdsInstance?: string;
  readonly newInstance?: string;
  readonly rdsCluster?: string;
  readonly newCluster?: string;
}

export function addManagedOptions(command: Command): void {
  command.optionsGroup('To a moment, by RDS or Aurora themselves (--to-time or --to-latest):');
  [
    new Option('--rds-instance <name>', 'the RDS instance whose window holds the moment')
      .argParser(identifier)
      .conflicts(['rdsCluster', 'newCluster', 'dataDirectory']),
    new Option('--new-instance <name>', 'the instance that AWS makes of it; must not be there').argParser(identifier),
    new Option('--rds-cluster <name>', 'the Aurora or Multi-AZ DB cluster whose window holds the moment')
      .argParser(identifier)
      .conflicts(['newInstance', 'dataDirectory']),
    new Option('--new-cluster <name>', 'the cluster that AWS makes of it, with an instance NAME-1').argParser(
      identifier,
    ),
  ].forEach((option) => command.addOption(option));
}

export function isManaged({ rdsInstance, rdsCluster, newInstance, newCluster }: ManagedOptions): boolean {
  return [rdsInstance, rdsCluster, newInstance, newCluster].some((given) => given !== undefined);
}

export function managedRequest(options: ManagedOptions, target: MomentTarget): ManagedRestoreRequest {
  const { rdsInstance, newInstance, rdsCluster, newCluster } = options;
  if (target.kind !== 'time' && target.kind !== 'latest') {
    throw usageError('RDS and Aurora know times alone', 'Give --to-time or --to-latest.');
  }
  const kind = (rdsInstance ?? newInstance) !== undefined ? 'instance' : 'cluster';
  const [source, made] = kind === 'instance' ? [rdsInstance, newInstance] : [rdsCluster, newCluster];
  if (source === undefined || made === undefined) {
    const hint = `Give --rds-${kind} and --new-${kind}: nothing is restored over a database.`;
    throw usageError(
      `it is not said ${source === undefined ? 'what is restored' : 'what the new one is called'}`,
      hint,
    );
  }
  if (source === made) throw usageError(`the new ${kind} cannot have the name of its source, ${source}`);
  return { kind, identifier: source, newIdentifier: made, target };
}

/** AWS keeps all names in lower case. */
function identifier(text: string): string {
  if (/^[a-z](?:-?[a-z0-9]){0,62}$/.test(text)) return text;
  throw new InvalidArgumentError(
    'Give 1 to 63 lower-case letters, digits and single hyphens, beginning with a letter.',
  );
}
