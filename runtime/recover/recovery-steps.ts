import { lacksOf, type Manifest } from '../../model';
import type { ChosenPoint, RecoveryStep } from './types';

/** What to type, in order. Where it goes is for a person to say: what stands in capitals is to be replaced. */
export function recoverySteps({
  set,
  points,
}: {
  readonly set: string | null;
  readonly points: readonly ChosenPoint[];
}): RecoveryStep[] {
  const members = points.filter(({ inSet }) => inSet);
  const others = points.filter(({ inSet }) => !inSet);
  const hasDump = points.some(({ component }) => component === 'dump');
  return [
    ...(set === null ? [] : setSteps(set, members)),
    ...others.flatMap(({ point }) => pointSteps(point.manifest, hasDump)),
    { purpose: 'look at the system with your own eyes, then let people in', argv: null },
    { purpose: 'deploy a vault and back up again: what was recovered has no backup of its own yet', argv: null },
  ];
}

function setSteps(set: string, points: readonly ChosenPoint[]): RecoveryStep[] {
  const targets = points.flatMap(({ point: { manifest } }) => targetsOf(manifest));
  const argv = ['restore', 'set', set, '--create', '--roles', ...targets];
  return [
    { purpose: 'see what would be done', argv: [...argv, '--dry-run'] },
    { purpose: 'restore everything that belongs together', argv },
  ];
}

function targetsOf(manifest: Manifest): string[] {
  if (manifest.component === 'objects') {
    return manifest.mirrors.flatMap(({ name }) => ['--objects-to', `${name}=s3://NEW-BUCKET`]);
  }
  return manifest.component === 'files' ? ['--files-to', 'DIRECTORY'] : [];
}

function pointSteps(manifest: Manifest, hasDump: boolean): RecoveryStep[] {
  const { point } = manifest;
  switch (manifest.component) {
    case 'dump':
      return manifest.databases.map(({ name }, index) => ({
        purpose: `restore database ${JSON.stringify(name)}`,
        argv: [
          'restore',
          point,
          '--database',
          name,
          '--create',
          ...(index === 0 && manifest.globals ? ['--roles'] : []),
        ],
      }));
    case 'objects':
      return [...manifest.mirrors.map(({ name }) => ({ name, point })), ...lacksOf(manifest)].map(
        ({ name, point: at }) => ({
          purpose: `restore the objects of ${name}`,
          argv: ['restore', 'objects', at, '--mirror', name, '--to', 's3://NEW-BUCKET'],
        }),
      );
    case 'files':
      return [
        { purpose: 'restore the files', argv: ['restore', 'files', point, '--to', 'DIRECTORY'] },
        ...lacksOf(manifest).map(({ name, point: at }) => ({
          purpose: `restore the files of ${name}`,
          argv: ['restore', 'files', at, '--volume', name, '--to', 'DIRECTORY'],
        })),
      ];
    case 'configuration':
      return [
        { purpose: 'see which settings differ, then write them by name', argv: ['restore', 'configuration', point] },
      ];
    case 'base-backup':
      return [
        {
          purpose: `${hasDump ? 'or, instead of the dump: ' : ''}restore the whole server to the last moment that its log reaches`,
          argv: ['restore', '--to-latest', '--data-directory', 'DIRECTORY'],
        },
      ];
  }
}
