/** The demonstration's stack, deployed in the stand-in for AWS: with a real PostgreSQL server where RDS would be. */
import { Cloud, deployStack, type Deployment } from '../aws';
import type { DatabaseOrder } from '../aws/resources/handler';
import type { ThrowawayServer } from '../../runtime/postgres/throwaway-server';
import { quoteIdentifier, quoteLiteral } from '../../runtime/postgres/sql-quoting';
import { BACKUP_PASSWORD, BACKUP_ROLE, DATABASE } from './clinic';
import { BACKUP_USER, WEBHOOK } from './stack';
import type { Synthesis } from './synthesise';

/** Three minutes before the hour, at which the first backup is due. */
export const START = new Date('2026-11-20T00:57:00Z');

export interface ClinicCloud {
  readonly cloud: Cloud;
  readonly deployment: Deployment;
  /** Bucket of the vault. */
  readonly vault: string;
}

export interface ClinicCloudOptions {
  readonly server: ThrowawayServer;
  readonly synthesis: Synthesis;
  readonly webhookUrl: string;
  /** Runs a script as the server's superuser. */
  readonly runScript: (script: string) => Promise<void>;
}

/** The server on this machine has no certificate; that of RDS would be checked. */
const LOCAL = { PGSSLMODE: 'disable', PGSSLROOTCERT: '' };

export async function deployClinic(options: ClinicCloudOptions): Promise<ClinicCloud> {
  const { server, synthesis, webhookUrl, runScript } = options;
  const cloud = await Cloud.start({ start: START, localEnvironment: LOCAL });
  try {
    const named = (prefix: string): string => logicalId(synthesis, prefix);
    const deployment = await deployStack(cloud, synthesis.stack, {
      secrets: {
        [named(BACKUP_USER)]: JSON.stringify({
          username: BACKUP_ROLE,
          password: BACKUP_PASSWORD,
          dbname: DATABASE,
        }),
        [named(WEBHOOK)]: JSON.stringify({ url: webhookUrl }),
      },
      database: async (order) => {
        await runScript(databaseScript(order));
        return { host: '127.0.0.1', port: server.port };
      },
    });
    await fireRetention(cloud);
    return { cloud, deployment, vault: deployment.ref(vaultId(deployment)) };
  } catch (error) {
    await cloud.close();
    throw error;
  }
}

/** Its first day went by without a fault: until then an alarm says that nothing was ended yet. */
async function fireRetention(cloud: Cloud): Promise<void> {
  const schedule = cloud.scheduler.all().find(({ input }) => input.includes('"retain"'));
  if (!schedule) throw new Error('there is no schedule of the retention');
  await cloud.scheduler.fire(schedule.name);
}

/** As RDS makes it: with an administrator who is no superuser. */
function databaseScript({ name, user, password }: DatabaseOrder): string {
  return `CREATE ROLE ${quoteIdentifier(user)} LOGIN CREATEDB CREATEROLE PASSWORD ${quoteLiteral(password)};
CREATE DATABASE ${quoteIdentifier(name)};`;
}

function logicalId({ stack }: Synthesis, prefix: string): string {
  const pattern = new RegExp(`^${prefix}[0-9A-F]{8}$`);
  const found = Object.keys(stack.template.Resources).filter((id) => pattern.test(id));
  if (found.length !== 1) throw new Error(`${found.length} resources are called ${prefix}, not one`);
  return found[0];
}

/** The vault beside the bucket for its access log. */
function vaultId(deployment: Deployment): string {
  const [id] = deployment.ofType('AWS::S3::Bucket').filter((one) => /VaultBucket/.test(one));
  return id;
}
