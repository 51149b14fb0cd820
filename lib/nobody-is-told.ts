import { Annotations } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';
import { PostgresBackupProps } from './postgres-backup-props';

/** Warns of alarms that nobody hears. Who gives a topic has its own subscribers. */
export function warnThatNobodyIsTold(
  backup: IConstruct,
  sourceName: string,
  { notify = [], alarmTopic }: PostgresBackupProps,
): void {
  if (notify.length > 0 || alarmTopic) return;
  Annotations.of(backup).addWarningV2(
    'cdk-postgres-backup:nobodyIsTold',
    `nobody is told when the backups of ${sourceName} fail: state notify, such as [Notify.email('ops@example.com')], or alarmTopic`,
  );
}
