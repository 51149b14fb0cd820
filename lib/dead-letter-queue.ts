import { Duration } from 'aws-cdk-lib';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { acknowledgeSolutions } from './acknowledge';

/** Where what could not be started or handled waits for a person, for 14 days. */
export function createDeadLetterQueue(scope: Construct, id: string): sqs.Queue {
  const queue = new sqs.Queue(scope, id, {
    // What comes here holds names and times, no data: the queue's own encryption needs no key policy to fail on.
    encryption: sqs.QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
    retentionPeriod: Duration.days(14),
  });
  acknowledgeSolutions(queue, 'SQS3', 'It is the dead-letter queue, of schedules.');
  return queue;
}
