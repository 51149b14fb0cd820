/** https://docs.aws.amazon.com/secretsmanager/latest/apireference/ */
import type { Secrets } from '../services/secrets';
import { textOf, type Operations } from './operation';

const CURRENT = { VersionId: '00000000-0000-4000-8000-000000000001', VersionStages: ['AWSCURRENT'] };

export function secretsManagerApi(secrets: Secrets): Operations {
  return {
    GetSecretValue: async (request, principal) => {
      const { arn, name, text } = await secrets.read(principal, textOf(request, 'SecretId'));
      return { ARN: arn, Name: name, SecretString: text, ...CURRENT };
    },
    PutSecretValue: async (request, principal) => {
      const { arn, name } = await secrets.write(
        principal,
        textOf(request, 'SecretId'),
        textOf(request, 'SecretString'),
      );
      return { ARN: arn, Name: name, ...CURRENT };
    },
    DescribeSecret: async (request, principal) => {
      const { arn, name, keyArn } = await secrets.describe(principal, textOf(request, 'SecretId'));
      return { ARN: arn, Name: name, KmsKeyId: keyArn };
    },
  };
}
