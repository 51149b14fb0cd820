import { arnOf } from '../account';
import type { Cloud } from '../cloud';
import { StandInError } from '../stand-in-error';
import { optional, physicalName, text, type Handler } from './handler';

export const dbInstance: Handler = async (resource, cloud, { database }) => {
  const { logicalId } = resource;
  if (database === undefined) throw new StandInError(`${logicalId} is a database, and nobody said who makes one`);
  const id = physicalName(resource).toLowerCase();
  const name = optional(resource, 'DBName') ?? 'postgres';
  const user = dynamic(cloud, text(resource, 'MasterUsername'));
  const password = dynamic(cloud, text(resource, 'MasterUserPassword'));
  const { host, port } = await database({ logicalId, name, user, password });
  cloud.databases.set(id, { id, name, host, port });
  return {
    ref: id,
    attributes: {
      'Endpoint.Address': host,
      'Endpoint.Port': String(port),
      DBInstanceArn: arnOf(cloud.account, 'rds', `db:${id}`),
      DbiResourceId: `db-${logicalId.toUpperCase()}`,
    },
  };
};

const REFERENCE = /\{\{resolve:secretsmanager:(.+?):SecretString:([^:}]*)(?::[^:}]*){0,2}\}\}/g;

/** CloudFormation's dynamic references to secrets. */
function dynamic(cloud: Cloud, value: string): string {
  return value.replace(REFERENCE, (_all, id: string, field: string) => {
    const { text: content } = cloud.secrets.get(id);
    return field === '' ? content : String((JSON.parse(content) as Record<string, unknown>)[field]);
  });
}
