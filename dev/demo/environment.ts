/** The environments that the command line is given. A deployed task has its own, from the template. */
import { ENVIRONMENT } from '../../model';
import { movedTime } from '../aws/compute/environment';
import { DATABASE } from './clinic';
import type { Scene } from './scene';
import { ON_CALL, SOURCE } from './stack';

/** What an operator sets: the role of whoever is on call, where the vault is, and the database to fill. */
export function operatorEnvironment(scene: Scene, database: string): Record<string, string> {
  return { ...scene.cloud.environmentOf(ON_CALL), ...common(scene, database) };
}

/** With the rights of whoever set all this up, for trying things out with `--keep`. */
export function visitorEnvironment(scene: Scene): Record<string, string> {
  const { PATH, HOME, TMPDIR, ...given } = scene.cloud.administratorEnvironment;
  // Those of the visitor's own shell are as good.
  void [PATH, HOME, TMPDIR];
  return { ...given, ...common(scene, DATABASE) };
}

function common({ cloud, vault, server }: Scene, database: string): Record<string, string> {
  return {
    ...movedTime(cloud.now()),
    ...server.connection(database).env,
    [ENVIRONMENT.vault]: `s3://${vault}`,
    [ENVIRONMENT.source]: SOURCE,
  };
}
