/** A network and a database on Amazon RDS in it: what a stack has before there is anything to back it up. */
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as rds from 'aws-cdk-lib/aws-rds';
import type { Construct } from 'constructs';

export interface DatabaseOnRds {
  readonly vpc: ec2.IVpc;
  readonly database: rds.DatabaseInstance;
}

export interface DatabaseSettings {
  /** Major version of PostgreSQL. */
  readonly major: number;
  readonly name: string;
  /** The role that owns it. */
  readonly administrator: string;
}

export function databaseOnRds(scope: Construct, { major, name, administrator }: DatabaseSettings): DatabaseOnRds {
  const vpc = ec2.Vpc.fromVpcAttributes(scope, 'Vpc', {
    vpcId: 'vpc-0123456789abcdef0',
    availabilityZones: ['eu-central-1a', 'eu-central-1b'],
    privateSubnetIds: ['subnet-0123456789abcdef0', 'subnet-0123456789abcdef1'],
  });
  const database = new rds.DatabaseInstance(scope, 'Database', {
    engine: rds.DatabaseInstanceEngine.postgres({
      version: rds.PostgresEngineVersion.of(String(major), String(major)),
    }),
    credentials: rds.Credentials.fromGeneratedSecret(administrator),
    databaseName: name,
    vpc,
  });
  return { vpc, database };
}
