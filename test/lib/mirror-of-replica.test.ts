import { Duration, type Stack } from 'aws-cdk-lib';
import { Annotations, Match, type Template } from 'aws-cdk-lib/assertions';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as sns from 'aws-cdk-lib/aws-sns';
import {
  BackupPlan,
  BackupRule,
  BackupVault,
  ObjectMirror,
  ObjectReplica,
  ObjectSource,
  SetSchedule,
  type PostgresBackup,
} from '../../lib';
import { permissions } from './support/policies';
import { templateOf, testBackup, testStack } from './support/stacks';

import { bucketOf, mirrored, told } from './support/mirrors';

describe('a mirror of a replica', () => {
  const replicaOf = (listed: boolean, keepReplacedFor?: Duration) => (stack: Stack) => {
    const source = new s3.Bucket(stack, 'Archive', { versioned: true });
    const topic = sns.Topic.fromTopicArn(stack, 'Topic', 'arn:aws:sns:eu-central-1:111122223333:alarms');
    const vault = new BackupVault(stack, 'ReplicasVault');
    return ObjectSource.replica(
      new ObjectReplica(stack, 'Replica', { source, vault, topic, folder: 'in', listed, keepReplacedFor }),
    );
  };
  const uploads = (stack: Stack) => ObjectSource.bucket(bucketOf(stack));
  const listsArn = (stack: Stack) => (stack.node.findChild('Replica') as ObjectReplica).lists?.bucketArn;
  const ofReplica = (template: Template, role: string) =>
    permissions(template)
      .filter(({ holder }) => holder.startsWith(`${role}DefaultPolicy`))
      .map(({ action, resource }) => `${action} ${/ReplicaLists|ReplicaCopy|mirrors/.exec(resource)?.[0] ?? ''}`)
      .filter((line) => !line.endsWith(' '))
      .sort();

  test('its task reads the lists and nothing of the copy, sorts on a disk, and writes nothing but recovery points', () => {
    const { stack, template } = mirrored(replicaOf(true), { exclude: ['tmp/'] });
    const settings = JSON.stringify(told(template));
    expect(settings).toMatch(/ReplicaCopy.*\/in.*listings.*ReplicaLists.*ReplicaCopy.*\/postgres-backup/);
    expect(ofReplica(template, 'MirrorTaskTaskRole')).toEqual([
      's3:GetObject ReplicaLists',
      's3:ListBucket ReplicaLists',
    ]);
    template.hasResourceProperties('AWS::ECS::TaskDefinition', {
      ContainerDefinitions: [
        Match.objectLike({
          Command: ['backup', 'objects'],
          MountPoints: [Match.objectLike({ ContainerPath: '/tmp' })],
        }),
      ],
    });
    Annotations.fromStack(stack).hasNoWarning('*', Match.stringLikeRegexp('manyObjects'));
    // What it may decrypt with the key of the copy, it may of the lists alone.
    template.hasResourceProperties('AWS::IAM::Policy', {
      PolicyName: Match.stringLikeRegexp('^MirrorTaskTaskRole'),
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({
            Action: 'kms:Decrypt',
            Condition: Match.objectLike({
              StringLike: { 'kms:EncryptionContext:aws:s3:arn': Match.arrayWith([stack.resolve(listsArn(stack))]) },
            }),
          }),
        ]),
      },
    });
  });

  test('rows that are held against its list are warned of, for it is older than they', () => {
    const stack = testStack();
    const references = { uploads: 'SELECT key FROM documents', media: 'SELECT key FROM films' };
    const backup = testBackup(stack, { sets: SetSchedule.byPlan({ references }) });
    const mirror = backup.addObjects('uploads', { from: replicaOf(true)(stack) });
    mirror.addMirror('media', { from: uploads(stack) });
    const warnings = Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp('referencesOfReplica'));
    expect(warnings.map(({ entry }) => entry.data)).toEqual([
      expect.stringMatching(/^the references of sets to mirror 'uploads' are held against a list .* 48 hours old/),
    ]);
  });

  test('who verifies or drills reads the copy, whether the mirror was added before or after', () => {
    const expected = [
      ...['s3:GetObject', 's3:GetObjectVersion', 's3:GetObjectTagging', 's3:GetObjectVersionTagging'],
      ...['s3:ListBucket', 's3:ListBucketVersions'],
    ].map((action) => `${action} ReplicaCopy`);
    const before = mirrored(replicaOf(true)).template;
    const stack = testStack();
    const backup = testBackup(stack);
    backup.addComponentDrill(backup.addObjects('uploads', { from: replicaOf(true)(stack) }));
    const after = templateOf(stack);
    for (const [template, who] of [
      [before, 'VerificationFunction'],
      [after, 'VerificationFunction'],
      [after, 'ObjectsDrillTask'],
    ] as const) {
      const roles = [...new Set(permissions(template).map(({ holder }) => holder))].filter((role) =>
        role.includes(who),
      );
      expect(roles).not.toEqual([]);
      const rights = roles.flatMap((role) => ofReplica(template, role.replace(/DefaultPolicy.*$/, '')));
      expect(rights.filter((right) => right.endsWith('ReplicaCopy'))).toEqual([...expected].sort());
    }
  });

  test('the alarms of age count what lists may lag behind; an objective that they cannot keep is warned of', () => {
    const thresholds = (template: Template) =>
      Object.values(template.findResources('AWS::CloudWatch::Alarm'))
        .map(({ Properties }) => JSON.stringify(Properties))
        .filter((alarm) => /\(objects\): the newest .* is older than/.test(alarm))
        .map((alarm) => [/older than (\d+) h/.exec(alarm)?.[1], /"Threshold":(\d+)/.exec(alarm)?.[1]].map(Number));
    const stack = testStack();
    const backup = testBackup(stack, { recoveryPointObjective: Duration.hours(26) });
    backup.addObjects('archive', { from: replicaOf(true)(stack) });
    backup.addObjects('uploads', { from: uploads(stack) });
    // An hourly plan, and lists of two days before.
    expect(thresholds(templateOf(stack))).toEqual([
      [50, 50 * 3600],
      [51, 51 * 3600],
    ]);
    Annotations.fromStack(stack).hasWarning(
      '*',
      Match.stringLikeRegexp('recoveryPointObjective is 1 day 2 hours, but .* up to 49 h before'),
    );
    expect(thresholds(mirrored(uploads).template)).toEqual([
      [2, 2 * 3600],
      [3, 3 * 3600],
    ]);
  });

  test('one that comes when the alarms of age are made already is refused, and so is an age that lists would miss', () => {
    const stack = testStack();
    const backup = testBackup(stack);
    backup.addObjects('uploads', { from: uploads(stack) });
    expect(() => backup.addObjects('archive', { from: replicaOf(true)(stack) })).toThrow(
      "mirror 'archive' is of lists that may be 48 hours old, and the alarms of Shop/Backup/Objects were made without knowing",
    );
    const other = testStack();
    const mirror = new ObjectMirror(other, 'Mirror', testBackup(other).componentDefaults);
    mirror.addMirror('archive', { from: replicaOf(true)(other) });
    const watching = other.node.findChild('Backup') as PostgresBackup;
    expect(() => watching.addComponent(mirror, { newestAge: Duration.hours(30) })).toThrow(
      'newestAge of the alarms is 30 h, but the time between two runs of the plan is 1 h, and what a run takes may be 48 h old',
    );
  });

  test('one that is not listed is refused, and so is throughTask', () => {
    expect(() => mirrored(replicaOf(false))).toThrow(
      'Shop/Replica is not listed, and recovery points are made of its lists',
    );
    expect(() => mirrored(replicaOf(true), { throughTask: true })).toThrow("mirror 'uploads' is a replica");
  });

  test('a copy that drops what recovery points still name is refused', () => {
    const plan = new BackupPlan([BackupRule.daily({ keepFor: Duration.days(30) })]);
    const kept = (days: number) => mirrored(replicaOf(true, Duration.days(days)), {}, { plan });
    expect(() => kept(43)).toThrow(
      "mirror 'uploads': Shop/Replica keeps what was replaced for 43 days, but recovery points name it for up to 44 days",
    );
    kept(44).template.hasResourceProperties('AWS::S3::Bucket', {
      LifecycleConfiguration: {
        Rules: Match.arrayWith([
          Match.objectLike({ Id: 'replaced', NoncurrentVersionExpiration: { NoncurrentDays: 44 } }),
        ]),
      },
    });
  });
});
