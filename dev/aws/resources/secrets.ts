import { randomBytes } from 'node:crypto';
import { arnOf } from '../account';
import { StandInError } from '../stand-in-error';
import type { Json } from '../template/template';
import { optional, physicalName, text, type Handler } from './handler';

const DEFAULT_LENGTH = 32;
const SUFFIX_BYTES = 3;

export const secret: Handler = (resource, cloud, { secrets = {} }) => {
  const { properties, logicalId } = resource;
  const name = optional(resource, 'Name') ?? physicalName(resource);
  const arn = arnOf(cloud.account, 'secretsmanager', `secret:${name}-${randomBytes(SUFFIX_BYTES).toString('hex')}`);
  const generated = properties.GenerateSecretString as Json | undefined;
  const stated = secrets[logicalId] ?? optional(resource, 'SecretString');
  const content = stated ?? (generated === undefined ? '' : generate(generated));
  cloud.secrets.add({ arn, name, text: content, keyArn: optional(resource, 'KmsKeyId') });
  return { ref: arn, attributes: { Id: arn } };
};

/** Secrets Manager writes into the secret how the database is reached. */
export const targetAttachment: Handler = (resource, cloud) => {
  const attached = cloud.secrets.get(text(resource, 'SecretId'));
  const database = cloud.databases.get(text(resource, 'TargetId'));
  if (database === undefined) throw new StandInError(`${resource.logicalId} is attached to no database that is here`);
  const { host, port, name: dbname, id: dbInstanceIdentifier } = database;
  const fields = JSON.parse(attached.text) as Json;
  attached.text = JSON.stringify({ ...fields, engine: 'postgres', host, port, dbname, dbInstanceIdentifier });
  return { ref: attached.arn };
};

/** Letters and digits alone: what would have to be excluded is not among them. */
function generate(options: Json): string {
  const length = Number(options.PasswordLength ?? DEFAULT_LENGTH);
  const password = randomBytes(length * 2)
    .toString('base64')
    .replace(/[^A-Za-z0-9]/g, '')
    .slice(0, length);
  const { SecretStringTemplate: template, GenerateStringKey: field } = options;
  if (typeof template !== 'string') return password;
  return JSON.stringify({ ...(JSON.parse(template) as Json), [String(field)]: password });
}
