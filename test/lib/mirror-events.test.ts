import { Duration, type Stack } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as s3n from 'aws-cdk-lib/aws-s3-notifications';
import * as sns from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import { ContinuousMirroring, ObjectSource } from '../../lib';

import { mirrored, secretOf, bucketOf, told, allowed } from './support/mirrors';

describe('mirrored between the runs', () => {
  const continuous = ContinuousMirroring.fromEvents();
  const owned = (scope: Construct) => new s3.Bucket(scope, 'Uploads', { versioned: true });

  test('events of the bucket go through a queue to a function, and only what failed comes again', () => {
    const options = { include: ['a/', 'b/'], exclude: ['a/tmp/'] };
    const from = (stack: Stack) => ObjectSource.bucket(bucketOf(stack), { folder: 'in' });
    const { template } = mirrored(from, options, { continuous });
    template.hasResourceProperties('AWS::Events::Rule', {
      EventPattern: {
        source: ['aws.s3'],
        'detail-type': ['Object Created', 'Object Deleted'],
        detail: { bucket: { name: ['acme-uploads'] }, object: { key: [{ prefix: 'in/a/' }, { prefix: 'in/b/' }] } },
      },
    });
    template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      BatchSize: 100,
      MaximumBatchingWindowInSeconds: 20,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: 10 },
    });
    template.hasResourceProperties('AWS::SQS::Queue', {
      SqsManagedSseEnabled: true,
      VisibilityTimeout: 1800,
      RedrivePolicy: { maxReceiveCount: 3 },
    });
    // Both know of it: the function what to copy, the task that there is a journal.
    const setting = { name: 'uploads', from: 's3://acme-uploads/in', include: ['a/', 'b/'], exclude: ['a/tmp/'] };
    expect(told(template)).toEqual([{ ...setting, continuous: true }]);
    const [{ Properties }] = Object.values(
      template.findResources('AWS::Lambda::Function', {
        Properties: { Description: Match.stringLikeRegexp('between the runs') },
      }),
    ) as { Properties: { Environment: { Variables: { POSTGRES_BACKUP_MIRRORS: string } } } }[];
    const ofFunction = JSON.parse(Properties.Environment.Variables.POSTGRES_BACKUP_MIRRORS) as unknown;
    expect(ofFunction).toEqual(told(template));
  });

  test('the function may read the source and write its mirror and its journal; the task may read the journal', () => {
    const from = (stack: Stack) => ObjectSource.bucket(bucketOf(stack), { folder: 'a' });
    const { template } = mirrored(from, {}, { continuous });
    const lines = allowed(template, 'MirrorEventsFunctionRole').filter((line) => line.startsWith('s3:'));
    expect(lines.sort()).toEqual(
      [
        's3:AbortMultipartUpload "/orders/mirrors/uploads.long/*',
        's3:AbortMultipartUpload "/orders/mirrors/uploads/*',
        's3:GetObject acme-uploads/a/*',
        's3:GetObjectTagging acme-uploads/a/*',
        's3:GetObjectVersion acme-uploads/a/*',
        's3:GetObjectVersionTagging acme-uploads/a/*',
        's3:ListBucket acme-uploads',
        's3:PutObject "/orders/mirrors/uploads.journal/*',
        's3:PutObject "/orders/mirrors/uploads.long/*',
        's3:PutObject "/orders/mirrors/uploads/*',
      ].sort(),
    );
    expect(allowed(template)).toContain('s3:GetObject "/orders/mirrors/uploads.journal/*');
    expect(allowed(template)).not.toContain('s3:PutObject "/orders/mirrors/uploads.journal/*');
  });

  test("a bucket of the stack is told to tell, without CDK's function for it; whatever else it notifies of later stays", () => {
    const alone = mirrored((stack) => ObjectSource.bucket(owned(stack)), {}, { continuous }).template;
    const tells = { NotificationConfiguration: { EventBridgeConfiguration: { EventBridgeEnabled: true } } };
    const isSource = {
      VersioningConfiguration: { Status: 'Enabled' },
      LifecycleConfiguration: Match.absent(),
      ...tells,
    };
    alone.hasResourceProperties('AWS::S3::Bucket', isSource);
    alone.resourceCountIs('Custom::S3BucketNotifications', 0);

    const addLater = (stack: Stack) => {
      const bucket = stack.node.findChild('Uploads') as s3.Bucket;
      bucket.addEventNotification(s3.EventType.OBJECT_CREATED, new s3n.SnsDestination(new sns.Topic(stack, 'Told')));
    };
    const from = (stack: Stack) => ObjectSource.bucket(owned(stack));
    const { template } = mirrored(from, {}, { continuous }, addLater);
    template.hasResourceProperties('Custom::S3BucketNotifications', {
      NotificationConfiguration: { EventBridgeConfiguration: {}, TopicConfigurations: Match.anyValue() },
    });
  });

  test('an existing bucket is not changed; a warning says what to switch on', () => {
    const { stack, template } = mirrored((scope) => ObjectSource.bucket(bucketOf(scope)), {}, { continuous });
    Annotations.fromStack(stack).hasWarning(
      '*',
      Match.stringLikeRegexp('bucket acme-uploads: switch its Amazon EventBridge'),
    );
    template.resourceCountIs('Custom::S3BucketNotifications', 0);
  });

  test('another store, and what passes through the task, waits for the run', () => {
    const store = (stack: Stack) =>
      ObjectSource.endpoint({ url: 'https://minio.internal', bucketName: 'media', secret: secretOf(stack) });
    const bucket = (stack: Stack) => ObjectSource.bucket(bucketOf(stack));
    for (const { template } of [
      mirrored(store, {}, { continuous }),
      mirrored(bucket, { throughTask: true }, { continuous }),
    ]) {
      expect(JSON.stringify(told(template))).not.toContain('continuous');
      template.resourcePropertiesCountIs(
        'AWS::Events::Rule',
        { EventPattern: { source: ['aws.s3'], 'detail-type': ['Object Created', 'Object Deleted'] } },
        0,
      );
    }
  });

  test('what was written down between the runs ends by its age, and nothing else does', () => {
    const { template } = mirrored((stack) => ObjectSource.bucket(bucketOf(stack)), {}, { continuous });
    const rules = Object.values(template.findResources('AWS::S3::Bucket')).flatMap(
      ({
        Properties,
      }: {
        Properties?: {
          LifecycleConfiguration?: { Rules: { Prefix?: string; TagFilters?: unknown; ExpirationInDays?: number }[] };
        };
      }) => Properties?.LifecycleConfiguration?.Rules ?? [],
    );
    const byAge = rules.filter(({ ExpirationInDays, TagFilters }) => ExpirationInDays !== undefined && !TagFilters);
    expect(byAge.map(({ Prefix }) => Prefix)).toEqual(expect.arrayContaining(['orders/mirrors/uploads.journal/']));
    expect(byAge.filter(({ Prefix }) => Prefix?.startsWith('orders/'))).toHaveLength(1);
  });

  test('an alarm goes off when events wait too long, and when one is given up', () => {
    const { template } = mirrored((stack) => ObjectSource.bucket(owned(stack)), {}, { continuous });
    const shared = { Namespace: 'AWS/SQS', ComparisonOperator: 'GreaterThanThreshold', AlarmActions: Match.anyValue() };
    const oldest = { ...shared, MetricName: 'ApproximateAgeOfOldestMessage', Threshold: 3600 };
    template.hasResourceProperties('AWS::CloudWatch::Alarm', oldest);
    template.hasResourceProperties('AWS::CloudWatch::Alarm', { ...shared, Threshold: 0 });
    const alarms = Object.values(template.findResources('AWS::CloudWatch::Alarm')).map((alarm) =>
      JSON.stringify(alarm),
    );
    expect(alarms.filter((alarm) => alarm.includes('/mirror-behind.md'))).toHaveLength(2);
  });

  test.each([
    [{ batchSize: 0 }, 'batchSize is 0'],
    [{ maxConcurrency: 1 }, 'maxConcurrency is 1'],
    [{ maxBatchingWindow: Duration.minutes(6) }, 'maxBatchingWindow is 6 minutes'],
    [{ alarmAfter: Duration.minutes(30) }, 'alarmAfter is 30 minutes'],
  ])('%j is refused', (props, sentence) => {
    expect(() => ContinuousMirroring.fromEvents(props)).toThrow(sentence);
  });
});
