/** Which commands of this program restore a set, in which order. */
import type { BackupSet, Component, SetMember } from '../../model';
import { usageError } from '../errors';
import type { RestoreStep } from './restore-set';

/** Where each component goes. */
export interface RestoreTargets {
  /** Databases of the dump, as its manifest names them. */
  readonly databases: readonly string[];
  readonly dumpOptions: readonly string[];
  /** `s3://…` by mirror. */
  readonly objects: ReadonlyMap<string, string>;
  readonly configuration: ConfigurationTarget;
  /** A directory. */
  readonly files?: string;
  /** For objects and files. */
  readonly overwrite: 'overwrite' | 'refuse';
  readonly skip: readonly Component[];
}

/** `diff`: it is only said what differs. `apply`: the entries named are written back after that. */
export type ConfigurationTarget =
  | { readonly action: 'diff' }
  | { readonly action: 'apply'; readonly names: readonly string[]; readonly parameterKey?: string };

/** Refuses a set of which something is neither restored nor left out on purpose. */
export function restoreSteps({ members }: BackupSet, targets: RestoreTargets): RestoreStep[] {
  return members
    .filter(({ component }) => !targets.skip.includes(component))
    .flatMap((member) => stepsOf(member, targets));
}

function stepsOf(member: SetMember, targets: RestoreTargets): RestoreStep[] {
  const point = member.point ?? '';
  const overwrite = targets.overwrite === 'overwrite' ? ['--overwrite'] : [];
  switch (member.component) {
    case 'configuration':
      return configurationSteps(point, targets);
    case 'dump':
      return dumpSteps(point, targets);
    case 'objects':
      if (targets.objects.size === 0) throw notStated('objects', '--objects-to MIRROR=s3://bucket');
      return [...targets.objects].map(([mirror, uri]) =>
        step(`objects: ${mirror}`, ['restore', 'objects', point, '--mirror', mirror, '--to', uri, ...overwrite]),
      );
    case 'files':
      if (targets.files === undefined) throw notStated('files', '--files-to DIRECTORY');
      return [step('files', ['restore', 'files', point, '--to', targets.files, ...overwrite])];
    case 'base-backup':
    case 'wal':
      // The dump of the set is what is restored; to a moment there is a command of its own.
      return [];
    case 'qdrant':
    case 'n8n':
      throw notStated(member.component, 'nothing: this version cannot restore it as a part of a set');
  }
}

/** First what differs, for whoever reads the log later: after the writing nothing does. */
function configurationSteps(point: string, { configuration }: RestoreTargets): RestoreStep[] {
  const command = ['restore', 'configuration', point];
  const diff = step('configuration: what differs', command);
  if (configuration.action === 'diff') return [diff];
  const { names, parameterKey } = configuration;
  const key = parameterKey === undefined ? [] : ['--parameter-key', parameterKey];
  const named = names.flatMap((name) => ['--name', name]);
  return [diff, step('configuration: written back', [...command, '--apply', ...named, ...key])];
}

function dumpSteps(point: string, { databases, dumpOptions }: RestoreTargets): RestoreStep[] {
  if (databases.length === 1) return [step(`database ${databases[0]}`, ['restore', point, ...dumpOptions])];
  // Each into the database of its own name; roles are of the server, and restored once.
  return databases.map((database, index) => {
    const options = dumpOptions.filter((option) => index === 0 || option !== '--roles');
    const argv = ['restore', point, '--database', database, ...options];
    return { ...step(`database ${database}`, argv), env: { PGDATABASE: database } };
  });
}

function step(name: string, argv: readonly string[]): RestoreStep {
  return { name, argv, env: {} };
}

function notStated(component: Component, what: string) {
  return usageError(
    `the set has ${component}, and it is not said where they go`,
    `Give ${what}, or leave them out with --skip ${component}.`,
  );
}
