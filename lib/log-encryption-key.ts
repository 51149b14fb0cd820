import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';

/**
 * The key for the tasks' logs: the stated one; else the vault's, if its policy can be extended so that CloudWatch Logs may
 * use it; else a new one.
 */
export function logEncryptionKey(
  scope: Construct,
  stated: kms.IKey | undefined,
  ofVault: kms.IKey | undefined,
  removalPolicy: RemovalPolicy,
): kms.IKey {
  if (stated) {
    letLogsUse(stated, scope);
    return stated;
  }
  if (ofVault && letLogsUse(ofVault, scope)) return ofVault;
  const key = new kms.Key(scope, 'LogKey', {
    description: `Logs of ${scope.node.path}`,
    enableKeyRotation: true,
    removalPolicy,
  });
  letLogsUse(key, scope);
  return key;
}

/**
 * Says whether the policy could be extended: that of an imported key cannot.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
 */
function letLogsUse(key: kms.IKey, scope: Construct): boolean {
  const { partition, region, account } = Stack.of(scope);
  return key.addToResourcePolicy(
    new iam.PolicyStatement({
      principals: [new iam.ServicePrincipal(`logs.${region}.amazonaws.com`)],
      // What AWS lists with wildcards, spelt out.
      actions: [
        'kms:Encrypt',
        'kms:Decrypt',
        'kms:ReEncryptFrom',
        'kms:ReEncryptTo',
        'kms:GenerateDataKey',
        'kms:GenerateDataKeyWithoutPlaintext',
        'kms:DescribeKey',
      ],
      resources: ['*'],
      // By name, not by reference: a vault in another stack must not depend on this one.
      conditions: {
        ArnLike: { 'kms:EncryptionContext:aws:logs:arn': `arn:${partition}:logs:${region}:${account}:log-group:*` },
      },
    }),
    true,
  ).statementAdded;
}
