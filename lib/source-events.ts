import { Annotations, Aspects } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';

/**
 * Lets a source's bucket tell EventBridge of its objects: switched on where the bucket is of this app, and asked for where it is
 * somebody else's.
 */
export function letTellEvents(scope: Construct, bucket: s3.IBucket, mirror: string): void {
  const resource = bucket.node.defaultChild;
  if (!(resource instanceof s3.CfnBucket)) return askForEvents(scope, bucket, mirror);
  // As a property: CDK's own way deploys a function that may change the notifications of every bucket.
  resource.addPropertyOverride('NotificationConfiguration.EventBridgeConfiguration.EventBridgeEnabled', true);
  // Notifications that are added later are set after the deployment, and would switch it off again.
  Aspects.of(bucket).add({
    visit: (node) => {
      if (node === bucket && hasNotifications(bucket)) bucket.enableEventBridgeNotification();
    },
  });
}

/** CDK's own way of notifications: a function sets all of them after the deployment. */
function hasNotifications(bucket: s3.IBucket): boolean {
  return bucket.node.tryFindChild('Notifications') !== undefined;
}

function askForEvents(scope: Construct, { bucketName }: s3.IBucket, mirror: string): void {
  Annotations.of(scope).addWarningV2(
    `cdk-postgres-backup:sourceEvents:${mirror}`,
    `the source of mirror '${mirror}' is the existing bucket ${bucketName}: switch its Amazon EventBridge notifications on ` +
      '(S3 console, Properties, Amazon EventBridge), or nothing is mirrored between the runs',
  );
}
