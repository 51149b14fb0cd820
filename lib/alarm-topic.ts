import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as sns from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';

/**
 * An encrypted topic that CloudWatch can publish alarms to.
 *
 * Its key is its own: when the vault's key is disabled, somebody must still be told.
 */
export class AlarmTopic extends Construct {
  /** The topic. */
  public readonly topic: sns.Topic;
  /** The topic's key. */
  public readonly encryptionKey: kms.Key;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.encryptionKey = new kms.Key(this, 'Key', {
      description: `Alarms in ${this.node.path}`,
      enableKeyRotation: true,
      // It protects messages on their way, nothing that is kept.
      removalPolicy: RemovalPolicy.DESTROY,
    });
    // Without it alarms go off and nobody hears them. No conditions: CloudWatch says nothing of itself to KMS.
    // https://repost.aws/knowledge-center/cloudwatch-configure-alarm-sns
    this.encryptionKey.addToResourcePolicy(
      new iam.PolicyStatement({
        principals: [CLOUDWATCH],
        actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
        resources: ['*'],
      }),
    );
    this.topic = new sns.Topic(this, 'Topic', { masterKey: this.encryptionKey, enforceSSL: true });
    this.letAlarmsPublish();
  }

  /** A policy takes the place of the one by which everything in the account may publish. */
  private letAlarmsPublish(): void {
    const { partition, region, account } = Stack.of(this);
    this.topic.addToResourcePolicy(
      new iam.PolicyStatement({
        sid: 'AlarmsOfThisAccount',
        principals: [CLOUDWATCH],
        actions: ['sns:Publish'],
        resources: [this.topic.topicArn],
        conditions: { ArnLike: { 'aws:SourceArn': `arn:${partition}:cloudwatch:${region}:${account}:alarm:*` } },
      }),
    );
  }
}

const CLOUDWATCH = new iam.ServicePrincipal('cloudwatch.amazonaws.com');
