import type { Parameter, SSMClient } from '@aws-sdk/client-ssm';
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { BackupError } from '../../errors';
import type { ConfigurationServices, FoundValue } from './types';

const CONNECTION_TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 15_000;
/** Parameter Store answers few a second, and throttles the rest. */
const ATTEMPTS = 8;
/** Pages of ten: more parameters than an account can have below all its paths. */
const MOST_PAGES = 20_000;

/** SSM's Parameter Store and Secrets Manager of AWS. Throws `secret-unreadable`, and `restore-failed` for what cannot be written. */
export function awsServices(): ConfigurationServices {
  return {
    readParameter: (name) =>
      withSsm(`read the parameter ${name}`, 'ssm:GetParameter', async (client) => {
        const { GetParameterCommand } = await import('@aws-sdk/client-ssm');
        const command = new GetParameterCommand({ Name: name, WithDecryption: true });
        const answer = await unlessMissing('ParameterNotFound', client.send(command));
        return answer && valueOfParameter(answer.Parameter);
      }),
    readPath: (path) =>
      withSsm(`read the parameters below ${path}`, 'ssm:GetParametersByPath', (client) => readPages(client, path)),
    readSecret: (id) =>
      withSecretsManager(id, `read the secret ${id}`, 'secretsmanager:GetSecretValue', async (client) => {
        const { GetSecretValueCommand } = await import('@aws-sdk/client-secrets-manager');
        const answer = await unlessMissing(
          'ResourceNotFoundException',
          client.send(new GetSecretValueCommand({ SecretId: id })),
        );
        if (!answer) return undefined;
        const { ARN: arn, Name: name, SecretString: text, SecretBinary: bytes, VersionId: version } = answer;
        if (arn === undefined || name === undefined || (text === undefined && bytes === undefined))
          throw new Error('the answer holds no value');
        const value = text === undefined ? Buffer.from(bytes ?? []) : Buffer.from(text, 'utf8');
        const type = text === undefined ? 'binary' : 'text';
        return { kind: 'secret', arn, name, type, version: version ?? null, value };
      }),
    writeParameter: ({ name, type, value }, keyId) =>
      withSsm(`write the parameter ${name}`, 'ssm:PutParameter', async (client) => {
        const { PutParameterCommand } = await import('@aws-sdk/client-ssm');
        const Type = PARAMETER_TYPES.find((one) => one === type);
        if (Type === undefined) throw new Error(`${type} is no type of a parameter`);
        const key = Type === 'SecureString' && keyId !== undefined ? { KeyId: keyId } : {};
        // One that is as long was of this tier; a shorter one keeps the tier that it has, or the account's own.
        const tier = value.length > MOST_STANDARD_BYTES ? { Tier: 'Advanced' as const } : {};
        const parameter = { Name: name, Type, Value: value.toString('utf8'), Overwrite: true, ...key, ...tier };
        await client.send(new PutParameterCommand(parameter));
      }),
    writeSecret: ({ name, type, value }) =>
      withSecretsManager(name, `write the secret ${name}`, 'secretsmanager:PutSecretValue', async (client) => {
        const { PutSecretValueCommand } = await import('@aws-sdk/client-secrets-manager');
        const content = type === 'binary' ? { SecretBinary: value } : { SecretString: value.toString('utf8') };
        await client.send(new PutSecretValueCommand({ SecretId: name, ...content }));
      }),
  };
}

/** https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html */
const MOST_STANDARD_BYTES = 4096;

const PARAMETER_TYPES = ['String', 'StringList', 'SecureString'] as const;

async function readPages(client: SSMClient, path: string): Promise<FoundValue[]> {
  const { GetParametersByPathCommand } = await import('@aws-sdk/client-ssm');
  const values: FoundValue[] = [];
  let NextToken: string | undefined;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const command = new GetParametersByPathCommand({ Path: path, Recursive: true, WithDecryption: true, NextToken });
    const answer = await client.send(command);
    values.push(...(answer.Parameters ?? []).map(valueOfParameter));
    NextToken = answer.NextToken;
    if (NextToken === undefined) return values;
  }
  throw new Error(`there are more than ${MOST_PAGES} pages of them`);
}

function valueOfParameter(parameter: Parameter | undefined): FoundValue {
  const { ARN: arn, Name: name, Type: type, Value: value, Version: version } = parameter ?? {};
  if (arn === undefined || name === undefined || type === undefined || value === undefined)
    throw new Error('the answer holds no value');
  return {
    kind: 'parameter',
    arn,
    name,
    type,
    version: version === undefined ? null : String(version),
    value: Buffer.from(value, 'utf8'),
  };
}

async function unlessMissing<T>(code: string, answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (thrown) {
    if ((thrown as Error).name === code) return undefined;
    throw thrown;
  }
}

async function withSsm<T>(what: string, action: string, work: (client: SSMClient) => Promise<T>): Promise<T> {
  const { SSMClient } = await import('@aws-sdk/client-ssm');
  return used(new SSMClient(CLIENT), what, action, work);
}

async function withSecretsManager<T>(
  id: string,
  what: string,
  action: string,
  work: (client: SecretsManagerClient) => Promise<T>,
): Promise<T> {
  const { SecretsManagerClient } = await import('@aws-sdk/client-secrets-manager');
  const region = /^arn:[^:]+:secretsmanager:([a-z0-9-]+):/.exec(id)?.[1];
  return used(new SecretsManagerClient({ ...CLIENT, ...(region !== undefined && { region }) }), what, action, work);
}

const CLIENT = {
  maxAttempts: ATTEMPTS,
  requestHandler: { connectionTimeout: CONNECTION_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS },
};

async function used<Client extends { destroy(): void }, T>(
  client: Client,
  what: string,
  action: string,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  try {
    return await work(client);
  } catch (thrown) {
    const { name, message } = thrown as Error;
    throw new BackupError(what.startsWith('write') ? 'restore-failed' : 'secret-unreadable', `cannot ${what}`, {
      detail: `${name}: ${message}`,
      hint: `It needs ${action}, the use of its key, and a way to the endpoint of the service.`,
      cause: thrown,
    });
  } finally {
    client.destroy();
  }
}
