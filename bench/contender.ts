import { spawnSync } from 'node:child_process';
import path from 'node:path';
import type { World } from './world';

/** One way to do the job. */
export interface Contender {
  readonly name: string;
  /** Shell, measured. */
  readonly command: string;
  /** Programs it needs; without them it does not take part. */
  readonly needs?: readonly string[];
  /** What installs them, told where they are not there. */
  readonly install?: string;
  /** Added to the world's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Not measured. */
  readonly before?: (world: World) => void;
}

/** The program as it is shipped. */
export const OURS_FILE = path.join(__dirname, '..', 'assets', 'cli', 'postgres-backup.js');
export const OURS = `node ${JSON.stringify(OURS_FILE)}`;

export function isInstalled(program: string, env: NodeJS.ProcessEnv): boolean {
  return spawnSync('sh', ['-c', `command -v ${program}`], { env }).status === 0;
}

/** rclone's remote by environment alone. */
export const RCLONE = {
  RCLONE_CONFIG_VAULT_TYPE: 's3',
  RCLONE_CONFIG_VAULT_PROVIDER: 'Other',
  RCLONE_CONFIG_VAULT_ENV_AUTH: 'true',
  RCLONE_S3_NO_CHECK_BUCKET: 'true',
};
