/** A mirror alone in a stack: what else a backup deploys is for other tests, and would need a server. */
import { App, CfnOutput, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { readStack, type SynthesisedStack } from '../../../../dev/aws';
import {
  BackupImage,
  BackupPlan,
  BackupRule,
  BackupVault,
  ObjectMirror,
  PostgresVersion,
  type ObjectMirrorProps,
} from '../../../../lib';
import { logEncryptionKey } from '../../../../lib/log-encryption-key';
import { testVpc } from '../../../lib/support/stacks';

export interface MirrorStack {
  readonly scope: Stack;
  readonly vault: BackupVault;
  readonly mirror: ObjectMirror;
}

/** Daily at one o'clock; the stack's output `VaultUri` names the vault. */
export function mirrorStack(
  name: string,
  outdir: string,
  props: Pick<ObjectMirrorProps, 'continuous'> = {},
): MirrorStack {
  process.env.CDK_VALIDATION = 'false';
  const scope = new Stack(new App({ outdir, analyticsReporting: false }), name);
  const vpc = testVpc(scope);
  const vault = new BackupVault(scope, 'Vault');
  const mirror = new ObjectMirror(scope, 'Mirror', {
    sourceName: 'orders',
    postgresVersion: PostgresVersion.V17,
    vault,
    plan: new BackupPlan([BackupRule.daily({ hour: 1, minute: 0 })]),
    vpc,
    vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS },
    cluster: new ecs.Cluster(scope, 'Cluster', { vpc }),
    encryptionKey: logEncryptionKey(scope, undefined, vault.encryptionKey, RemovalPolicy.RETAIN),
    deadLetterQueue: new sqs.Queue(scope, 'DeadLetters'),
    image: BackupImage.fromRegistry('registry.example.com/postgres-backup:17'),
    ...props,
  });
  new CfnOutput(scope, 'VaultUri', { value: vault.vaultUri });
  return { scope, vault, mirror };
}

export function synthesised({ scope }: MirrorStack): SynthesisedStack {
  return readStack((scope.node.root as App).synth().directory, scope.stackName);
}
