/** The environments that the program is given. */
import { ENVIRONMENT } from '../../model';
import type { S3Credential } from '../s3';
import { SOURCE, VAULT } from './access';
import { BACKUP_PASSWORD, BACKUP_ROLE, CRITICAL_TABLES, DATABASE, EPHEMERAL_TABLES } from './clinic';
import type { Scene } from './scene';

/**
 * What a deployed task's container is told (`lib/pg-dump-backup.ts`, `lib/backup-schedules.ts`), with a password in place of a secret of
 * Secrets Manager, which is not here.
 */
export function taskEnvironment(scene: Scene, scheduledAt: Date): Record<string, string> {
  return {
    ...storeEnvironment(scene, scene.credentials.writer),
    ...serverEnvironment(scene, DATABASE),
    PGUSER: BACKUP_ROLE,
    PGPASSWORD: BACKUP_PASSWORD,
    [ENVIRONMENT.class]: 'daily',
    [ENVIRONMENT.scheduledAt]: scheduledAt.toISOString(),
    [ENVIRONMENT.deadline]: '600',
    [ENVIRONMENT.content]: 'all',
    [ENVIRONMENT.globals]: 'true',
    [ENVIRONMENT.jobs]: '2',
    [ENVIRONMENT.compressionLevel]: '1',
    [ENVIRONMENT.minimumTables]: '10',
    [ENVIRONMENT.lockTimeout]: '60',
    [ENVIRONMENT.criticalTables]: JSON.stringify(CRITICAL_TABLES),
    [ENVIRONMENT.ephemeralTables]: JSON.stringify(EPHEMERAL_TABLES),
    POSTGRES_BACKUP_LOG: 'json',
  };
}

/** What an operator sets: where the vault is, and the database to fill. */
export function operatorEnvironment(scene: Scene, database: string): Record<string, string> {
  return { ...storeEnvironment(scene, scene.credentials.reader), ...serverEnvironment(scene, database) };
}

/** Both, for trying things out with `--keep`. */
export function visitorEnvironment(scene: Scene): Record<string, string> {
  return { ...storeEnvironment(scene, scene.credentials.visitor), ...serverEnvironment(scene, DATABASE) };
}

function storeEnvironment({ s3 }: Scene, credential: S3Credential): Record<string, string> {
  return {
    AWS_ENDPOINT_URL_S3: s3.endpoint,
    AWS_REGION: s3.region,
    AWS_ACCESS_KEY_ID: credential.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credential.secretAccessKey,
    [ENVIRONMENT.vault]: VAULT,
    [ENVIRONMENT.source]: SOURCE,
  };
}

function serverEnvironment({ server }: Scene, database: string): Record<string, string> {
  return { ...server.connection(database).env };
}
