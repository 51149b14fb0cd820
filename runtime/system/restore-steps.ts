/** Which commands of this program restore a set, in which order. */
import type { BackupSet, Component, SetMember } from '../../model';
import { usageError } from '../errors';
import type { RestoreStep } from './restore-set';

/** Where each component goes. */
export interface RestoreTargets {
  /** Databases of the dump, as its manifest names them. */
  readonly databases: readonly string[];
  readonly dumpOptions: readonly string[];
  /** The server that the databases go to, for people. */
  readonly server: string;
  /** Names of the mirrors that the set's recovery point of objects has. */
  readonly mirrors: readonly string[];
  /** By mirror. */
  readonly objects: ReadonlyMap<string, ObjectsTarget>;
  /** Mirrors that are left out. */
  readonly skipMirrors: readonly string[];
  readonly configuration: ConfigurationTarget;
  /** A directory. */
  readonly files?: string;
  /** For objects and files. */
  readonly overwrite: 'overwrite' | 'refuse';
  readonly skip: readonly Component[];
}

export interface ObjectsTarget {
  /** `s3://bucket[/folder]`. */
  readonly uri: string;
  /** Of a store other than the vault's. */
  readonly endpoint?: string;
  /** Secrets Manager secret with the credentials of that store. */
  readonly secret?: string;
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
      return objectsSteps(point, targets, overwrite);
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

/** Each mirror that the recovery point has, or it is left out by name: one that is forgotten is not missed before it is needed. */
function objectsSteps(
  point: string,
  { mirrors, objects, skipMirrors }: RestoreTargets,
  overwrite: readonly string[],
): RestoreStep[] {
  const unknown = [...objects.keys(), ...skipMirrors].find((name) => !mirrors.includes(name));
  if (unknown !== undefined) {
    throw usageError(`the set has no mirror ${JSON.stringify(unknown)}`, `It has: ${mirrors.join(', ') || 'none'}.`);
  }
  return mirrors
    .filter((name) => !skipMirrors.includes(name))
    .map((name) => {
      const { uri, endpoint, secret } = objects.get(name) ?? notStatedMirror(name);
      const store = [
        ...(endpoint === undefined ? [] : ['--to-endpoint', endpoint]),
        ...(secret === undefined ? [] : ['--to-secret', secret]),
      ];
      const argv = ['restore', 'objects', point, '--mirror', name, '--to', uri, ...store, ...overwrite];
      return step(`objects: ${name}`, argv);
    });
}

function notStatedMirror(name: string): never {
  throw usageError(
    `the set has objects, and it is not said where those of the mirror ${name} go`,
    `Give --objects-to ${name}=s3://bucket, or leave them out with --skip-mirror ${name}, or all with --skip objects.`,
  );
}

function dumpSteps(point: string, { databases, dumpOptions, server: into }: RestoreTargets): RestoreStep[] {
  if (databases.length === 1) {
    return [{ ...step(`database ${databases[0]}`, ['restore', point, ...dumpOptions]), into }];
  }
  // Each into the database of its own name; roles are of the server, and restored once.
  return databases.map((database, index) => {
    const options = dumpOptions.filter((option) => index === 0 || option !== '--roles');
    const argv = ['restore', point, '--database', database, ...options];
    return { ...step(`database ${database}`, argv), env: { PGDATABASE: database }, into };
  });
}

function step(name: string, argv: readonly string[]): RestoreStep {
  return { name, argv, env: {}, into: '' };
}

function notStated(component: Component, what: string) {
  return usageError(
    `the set has ${component}, and it is not said where they go`,
    `Give ${what}, or leave them out with --skip ${component}.`,
  );
}
