/** The environment that every process here begins with: what this machine needs, the services' addresses, a role's access key. */
import path from 'node:path';
import type { Credential } from '../iam/policy';

export interface Endpoints {
  readonly region: string;
  readonly s3: string;
  /** Of all other services. */
  readonly others: string;
}

/** Moves the time of a Node process: it counts from `STAND_IN_TIME_OFFSET_MS`, and goes on at its own pace. */
export const MOVED_TIME = path.join(__dirname, 'moved-time.cjs');
export const TIME_OFFSET = 'STAND_IN_TIME_OFFSET_MS';

const SERVICES = ['SECRETS_MANAGER', 'SSM', 'KMS', 'ECS', 'STS', 'SNS'];

export function processEnvironment({ region, s3, others }: Endpoints, credential: Credential): Record<string, string> {
  return {
    ...inherited(),
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: credential.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credential.secretAccessKey,
    AWS_ENDPOINT_URL_S3: s3,
    ...Object.fromEntries(SERVICES.map((name) => [`AWS_ENDPOINT_URL_${name}`, others])),
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
    NODE_NO_WARNINGS: '1',
  };
}

/** Variables with which a Node process begins at another time than this one's. */
export function movedTime(now: Date): Record<string, string> {
  return { NODE_OPTIONS: `--require ${MOVED_TIME}`, [TIME_OFFSET]: String(now.getTime() - Date.now()) };
}

/** Settings of this machine's AWS account and its PG variables do not get in. */
function inherited(): Record<string, string> {
  const names = ['PATH', 'HOME', 'TMPDIR', 'POSTGRES_BACKUP_PG_BINDIR'];
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}
