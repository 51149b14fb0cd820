/** What a manifest looks like, field by field. Whether it adds up is looked at elsewhere; here only whether it is all there. */
import { COMPONENTS, MANIFEST_FORMAT, RETENTION_CLASSES, type Component } from '../../model';
import { listOf, moment, oneOf, orNull, record, text, type Check } from './shapes/checks';
import { BASE_BACKUP_SHAPE } from './shapes/base-backup-shape';
import { CONFIGURATION_SHAPE } from './shapes/configuration-shape';
import { DUMP_SHAPE } from './shapes/dump-shape';
import { FILES_SHAPE } from './shapes/files-shape';
import { OBJECTS_SHAPE } from './shapes/objects-shape';

/** Says what is missing or of the wrong kind, and where: `databases.0.owner is 7, not a text`; nothing when all is well. */
export function manifestProblem(value: unknown): string | undefined {
  const problem = record(HEAD)(value, '');
  if (problem !== undefined) return problem;
  const { component } = value as { component: Component };
  const shape = SHAPES[component];
  return shape ? record(shape)(value, '') : `its component is ${component}, which this version cannot read`;
}

const HEAD: Readonly<Record<string, Check>> = {
  format: oneOf([MANIFEST_FORMAT]),
  point: text,
  source: text,
  component: oneOf(COMPONENTS),
  class: oneOf(RETENTION_CLASSES),
  scheduledAt: orNull(moment),
  startedAt: moment,
  finishedAt: moment,
  tool: record({ name: oneOf(['postgres-backup']), version: text }),
  warnings: listOf(text),
};

/** What is in it besides, by component. */
const SHAPES: Readonly<Partial<Record<Component, Readonly<Record<string, Check>>>>> = {
  dump: DUMP_SHAPE,
  'base-backup': BASE_BACKUP_SHAPE,
  objects: OBJECTS_SHAPE,
  files: FILES_SHAPE,
  configuration: CONFIGURATION_SHAPE,
};
