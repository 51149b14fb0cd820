/** Each construct under the rule packs that companies run, in a stack of its own and one app for all: the packs take their time. */
import { Duration, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as efs from 'aws-cdk-lib/aws-efs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import {
  AlarmTopic,
  BackupComponent,
  BackupFreshness,
  BackupNotifications,
  BackupReports,
  BackupVault,
  BaseBackup,
  ConfigurationBackup,
  ContinuousMirroring,
  DrillSchedule,
  FileSystemBackup,
  Heartbeat,
  ManagedDatabase,
  ManagedRestoreAccess,
  ManagedWindow,
  Notify,
  ObjectMirror,
  ObjectReplica,
  ObjectSource,
  RecoveryAccess,
  SetSchedule,
  Verification,
  WalArchive,
} from '../../lib';
import { findingsOf } from './support/nag';
import { testBackup, testSource, testVpc } from './support/stacks';

interface Tried {
  readonly build: (stack: Stack) => void;
  /** What in the stack is not ours to answer for. */
  readonly surroundings: RegExp;
}

const TRIED: Readonly<Record<string, Tried>> = {
  Notifications: {
    build: (stack) =>
      void new BackupNotifications(stack, 'Notifications', {
        sourceName: 'orders',
        notify: [Notify.slack(secretsmanager.Secret.fromSecretNameV2(stack, 'Slack', 'acme/slack'))],
        topic: new AlarmTopic(stack, 'Topic').topic,
        alarms: [],
        ...keptBy(stack),
      }),
    surroundings: /\/DeadLetters/,
  },
  Verification: {
    build: (stack) => void new Verification(stack, 'Verification', watched(stack)),
    surroundings: /\/DeadLetters/,
  },
  Reports: {
    build: (stack) => {
      const shared = watched(stack);
      new BackupFreshness(stack, 'Freshness', shared);
      new BackupReports(stack, 'Reports', {
        ...shared,
        newestAge: Duration.hours(26),
        newestVerifiedAge: Duration.hours(27),
        topic: new AlarmTopic(stack, 'Topic').topic,
        heartbeat: Heartbeat.healthchecks(secretsmanager.Secret.fromSecretNameV2(stack, 'Switch', 'acme/switch')),
      });
    },
    surroundings: /\/DeadLetters/,
  },
  Objects: {
    build: (stack) => {
      const backup = testBackup(stack);
      const continuous = ContinuousMirroring.fromEvents();
      const mirror = new ObjectMirror(stack, 'Mirror', { ...backup.componentDefaults, continuous });
      mirror.addMirror('uploads', {
        from: ObjectSource.bucket(s3.Bucket.fromBucketName(stack, 'Uploads', 'acme-uploads')),
      });
      const secret = secretsmanager.Secret.fromSecretNameV2(stack, 'Store', 'media');
      mirror.addMirror('media', {
        from: ObjectSource.endpoint({ url: 'https://minio.internal:9000', bucketName: 'media', secret }),
      });
      new ObjectReplica(stack, 'Replica', {
        source: s3.Bucket.fromBucketName(stack, 'Archive', 'acme-archive'),
        vault: backup.vault,
        topic: backup.alarmTopic,
      });
      const replica = new ObjectReplica(stack, 'Listed', {
        source: s3.Bucket.fromBucketName(stack, 'Media', 'acme-media'),
        vault: backup.vault,
        topic: backup.alarmTopic,
        listed: true,
      });
      mirror.addMirror('archive', { from: ObjectSource.replica(replica) });
      backup.addComponent(mirror);
    },
    surroundings: /\/(Database|Vpc)\b/,
  },
  Files: {
    build: (stack) => {
      const backup = testBackup(stack);
      const files = new FileSystemBackup(stack, 'Files', backup.componentDefaults);
      files.addVolume('media', {
        fileSystem: efs.FileSystem.fromFileSystemAttributes(stack, 'Media', {
          fileSystemId: 'fs-0123456789abcdef0',
          securityGroup: ec2.SecurityGroup.fromSecurityGroupId(stack, 'MediaGroup', 'sg-0123456789abcdef0'),
        }),
      });
      backup.addComponent(files);
    },
    surroundings: /\/(Database|Vpc)\b/,
  },
  Configuration: {
    build: (stack) => {
      const backup = testBackup(stack);
      const configuration = new ConfigurationBackup(stack, 'Configuration', {
        ...backup.componentDefaults,
        parameters: [ssm.StringParameter.fromStringParameterName(stack, 'Flags', '/shop/flags')],
        parameterPaths: ['/orders'],
        secrets: [secretsmanager.Secret.fromSecretNameV2(stack, 'Smtp', 'orders/smtp')],
      });
      backup.addComponent(configuration);
    },
    surroundings: /\/(Database|Vpc)\b/,
  },
  WeeklyDrill: {
    build: (stack) => void testBackup(stack).addDrill({ schedule: DrillSchedule.weekly() }),
    surroundings: /\/(Database|Vpc)\b/,
  },
  DrillsOfComponents: {
    build: (stack) => {
      const backup = testBackup(stack);
      const { source } = backup;
      const wal = new WalArchive(stack, 'Wal', { sourceName: 'orders', vault: backup.vault, topic: backup.alarmTopic });
      const base = new BaseBackup(stack, 'Base', { ...backup.componentDefaults, source, wal });
      backup.addComponent(base);
      const uploads = s3.Bucket.fromBucketName(stack, 'Uploads', 'acme-uploads');
      const objects = backup.addObjects('uploads', { from: ObjectSource.bucket(uploads) });
      const configuration = backup.addConfiguration({ parameterPaths: ['/orders'] });
      for (const component of [base, objects, configuration]) backup.addComponentDrill(component);
    },
    surroundings: /\/(Database|Vpc)\b/,
  },
  DrillOfEach: {
    build: (stack) => void testBackup(stack).addDrill({ schedule: DrillSchedule.afterEveryBackup() }),
    surroundings: /\/(Database|Vpc)\b/,
  },
  Wal: {
    build: (stack) => {
      const { topic } = new AlarmTopic(stack, 'Alarms');
      const archive = new WalArchive(stack, 'Wal', {
        sourceName: 'orders',
        vault: new BackupVault(stack, 'Vault'),
        topic,
      });
      const authorityCertificate = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';
      archive.addMachine('OnPremises', { authorityCertificate, commonName: 'db-1.example.com' });
      archive.addReceiver('Receiver', { source: testSource(stack), vpc: testVpc(stack) });
    },
    surroundings: /\/Nothing/,
  },
  Managed: {
    build: (stack) =>
      void new ManagedWindow(stack, 'Window', {
        sourceName: 'orders',
        database: ManagedDatabase.fromInstanceIdentifier('orders'),
        topic: new AlarmTopic(stack, 'Alarms').topic,
      }),
    surroundings: /\/Nothing/,
  },
  ManagedRestore: {
    build: (stack) => {
      const role = new iam.Role(stack, 'Role', { assumedBy: new iam.AccountPrincipal('444455556666') });
      const encryptionKey = new kms.Key(stack, 'DatabaseKey', { enableKeyRotation: true });
      const [instance, cluster] = [
        ManagedDatabase.fromInstanceIdentifier('orders'),
        ManagedDatabase.fromClusterIdentifier('shop'),
      ];
      new ManagedRestoreAccess(stack, 'Instance', { database: instance, role, encryptionKey });
      new ManagedRestoreAccess(stack, 'Cluster', { database: cluster, role });
    },
    surroundings: /\/Nothing/,
  },
  PointInTime: {
    build: (stack) => {
      const backup = testBackup(stack);
      backup.addWalArchive();
      backup.addBaseBackup();
    },
    surroundings: /\/Nothing/,
  },
  Sets: {
    build: (stack) => {
      const sets = SetSchedule.byPlan({ references: { uploads: 'SELECT object_key FROM documents' } });
      const backup = testBackup(stack, { sets });
      const uploads = s3.Bucket.fromBucketName(stack, 'Uploads', 'acme-uploads');
      backup.addObjects('uploads', { from: ObjectSource.bucket(uploads) });
    },
    surroundings: /\/Nothing/,
  },
  Recovery: {
    build: (stack) => {
      const { topic } = new AlarmTopic(stack, 'Alarms');
      const assumedBy = new iam.AccountPrincipal('444455556666');
      new RecoveryAccess(stack, 'Recovery', { vault: new BackupVault(stack, 'Vault'), topic, assumedBy });
    },
    surroundings: /\/Nothing/,
  },
};

function keptBy(stack: Stack) {
  return {
    encryptionKey: new kms.Key(stack, 'LogKey', { enableKeyRotation: true }),
    deadLetterQueue: new sqs.Queue(stack, 'DeadLetters', { enforceSSL: true }),
  };
}

function watched(stack: Stack) {
  const vault = new BackupVault(stack, 'Vault');
  return { sourceName: 'orders', component: BackupComponent.DUMP, vault, ...keptBy(stack) };
}

let findings: readonly string[];

beforeAll(() => {
  findings = findingsOf((app) => {
    for (const [name, { build }] of Object.entries(TRIED)) build(new Stack(app, name));
  });
}, 180_000);

test.each(Object.keys(TRIED))('%s: no finding that nobody has acknowledged', (name) => {
  const { surroundings } = TRIED[name];
  expect(findings.filter((line) => line.startsWith(`${name}/`) && !surroundings.test(line))).toEqual([]);
});
