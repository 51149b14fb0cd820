/**
 * Every type of resource that our stacks have: how it is lived, or why it is not. A type that is not here is refused, so that nothing
 * of a template is left out in silence.
 */
import { createHash } from 'node:crypto';
import { alarm } from './cloudwatch-alarm';
import { customResource } from './custom-resource';
import * as ecs from './ecs';
import { rule } from './events-rule';
import type { Handler, NotLived } from './handler';
import * as iam from './iam';
import { key } from './kms-key';
import * as lambda from './lambda';
import { logGroup } from './log-group';
import { dbInstance } from './rds-instance';
import { bucket, bucketPolicy } from './s3-bucket';
import { schedule, scheduleGroup } from './scheduler';
import { secret, targetAttachment } from './secrets';
import * as sns from './sns';
import * as sqs from './sqs';
import { parameter } from './ssm-parameter';
import { stateMachine } from './state-machine';

const NETWORK = 'everything is on the loopback address: no network is cut off from another';
const OUTSIDE = 'a machine outside of AWS has the access key of its role here, and needs no certificate for it';

export const REGISTRY: Readonly<Record<string, Handler | NotLived>> = {
  'AWS::CloudWatch::Alarm': alarm,
  'AWS::CloudWatch::Dashboard': named('it is looked at, and nothing follows from it', 'dashboard'),
  'AWS::EC2::SecurityGroup': named(NETWORK, 'sg', 'GroupId'),
  'AWS::EC2::SecurityGroupEgress': named(NETWORK, 'sgr'),
  'AWS::EC2::SecurityGroupIngress': named(NETWORK, 'sgr'),
  'AWS::ECS::Cluster': ecs.cluster,
  'AWS::ECS::Service': ecs.service,
  'AWS::ECS::TaskDefinition': ecs.taskDefinition,
  'AWS::Events::Rule': rule,
  'AWS::IAM::ManagedPolicy': iam.managedPolicy,
  'AWS::IAM::Policy': iam.policy,
  'AWS::IAM::Role': iam.role,
  'AWS::KMS::Key': key,
  'AWS::Lambda::EventInvokeConfig': lambda.eventInvokeConfig,
  'AWS::Lambda::EventSourceMapping': lambda.eventSourceMapping,
  'AWS::Lambda::Function': lambda.lambdaFunction,
  'AWS::Lambda::Permission': lambda.permission,
  'AWS::Logs::LogGroup': logGroup,
  'AWS::RDS::DBInstance': dbInstance,
  'AWS::RDS::DBSubnetGroup': named(NETWORK, 'subnets'),
  'AWS::RolesAnywhere::Profile': named(OUTSIDE, 'profile', 'ProfileArn', 'ProfileId'),
  'AWS::RolesAnywhere::TrustAnchor': named(OUTSIDE, 'anchor', 'TrustAnchorArn', 'TrustAnchorId'),
  'AWS::S3::Bucket': bucket,
  'AWS::S3::BucketPolicy': bucketPolicy,
  'AWS::SNS::Subscription': sns.subscription,
  'AWS::SNS::Topic': sns.topic,
  'AWS::SNS::TopicPolicy': sns.topicPolicy,
  'AWS::SQS::Queue': sqs.queue,
  'AWS::SQS::QueuePolicy': sqs.queuePolicy,
  'AWS::SSM::Parameter': parameter,
  'AWS::Scheduler::Schedule': schedule,
  'AWS::Scheduler::ScheduleGroup': scheduleGroup,
  'AWS::SecretsManager::Secret': secret,
  'AWS::SecretsManager::SecretTargetAttachment': targetAttachment,
  'AWS::StepFunctions::StateMachine': stateMachine,
  'Custom::PreDeploymentBackup': customResource,
};

/** A resource that has a name, and ids that others may ask for. */
function named(notLived: string, prefix: string, ...ids: string[]): NotLived {
  return {
    notLived,
    create: ({ logicalId }) => {
      const ref = `${prefix}-${createHash('sha256').update(logicalId).digest('hex').slice(0, 17)}`;
      return { ref, attributes: Object.fromEntries(ids.map((id) => [id, ref])) };
    },
  };
}
