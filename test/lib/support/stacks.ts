/** Stacks to put constructs into, offline: no look-ups, no Docker, no image to be built. */
import { App, Stack, type StackProps } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as rds from 'aws-cdk-lib/aws-rds';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import recommendedFlags from 'aws-cdk-lib/recommended-feature-flags.json';
import {
  BackupImage,
  PostgresBackup,
  PostgresSource,
  PostgresVersion,
  type EndpointSourceProps,
  type PostgresBackupProps,
} from '../../../lib';

export const RECOMMENDED_FLAGS: Record<string, unknown> = recommendedFlags;

/** Unit tests look at templates themselves; the examples' test has the built-in validation on. */
process.env.CDK_VALIDATION = 'false';

export function testStack(props: StackProps & { flags?: Record<string, unknown>; id?: string } = {}): Stack {
  const { flags, id, ...rest } = props;
  return new Stack(new App({ context: flags ?? {} }), id ?? 'Shop', rest);
}

export function testVpc(scope: Construct): ec2.IVpc {
  return ec2.Vpc.fromVpcAttributes(scope, 'Vpc', {
    vpcId: 'vpc-0123456789abcdef0',
    availabilityZones: ['eu-central-1a', 'eu-central-1b'],
    privateSubnetIds: ['subnet-0123456789abcdef0', 'subnet-0123456789abcdef1'],
    privateSubnetRouteTableIds: ['rtb-0123456789abcdef0', 'rtb-0123456789abcdef1'],
  });
}

export function testInstance(scope: Construct, vpc: ec2.IVpc, props: Partial<rds.DatabaseInstanceProps> = {}) {
  return new rds.DatabaseInstance(scope, 'Orders', {
    engine: rds.DatabaseInstanceEngine.postgres({ version: rds.PostgresEngineVersion.VER_17 }),
    vpc,
    vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS },
    ...props,
  });
}

export function testSecret(scope: Construct): secretsmanager.ISecret {
  return secretsmanager.Secret.fromSecretCompleteArn(
    scope,
    'Secret',
    'arn:aws:secretsmanager:eu-central-1:111122223333:secret:orders-AbCdEf',
  );
}

export function testSource(scope: Construct, props: Partial<EndpointSourceProps> = {}): PostgresSource {
  return PostgresSource.fromEndpoint({
    name: 'orders',
    host: 'db.example.com',
    secret: testSecret(scope),
    postgresVersion: PostgresVersion.V17,
    ...props,
  });
}

/** A backup with an image from a registry, of a server that is not in the scope. */
export function testBackup(scope: Construct, props: Partial<PostgresBackupProps> = {}): PostgresBackup {
  return new PostgresBackup(scope, 'Backup', {
    source: props.source ?? testSource(scope),
    vpc: props.vpc ?? testVpc(scope),
    image: BackupImage.fromRegistry('registry.example.com/postgres-backup:17'),
    ...props,
  });
}

export function templateOf(stack: Stack): Template {
  return Template.fromStack(stack);
}
