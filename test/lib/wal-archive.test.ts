/** The construct of the WAL archive: what it tells the server, whom it lets do what, and what it refuses. */
import { spawnSync } from 'node:child_process';
import { App, Duration, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as sns from 'aws-cdk-lib/aws-sns';
import { BackupVault, WalArchive, type WalArchiveProps } from '../../lib';
import { METRICS } from '../../model';
import { permissions } from './support/policies';

process.env.CDK_VALIDATION = 'false';

const CERTIFICATE = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';

function archive(props: Partial<WalArchiveProps> = {}): { stack: Stack; archive: WalArchive } {
  const stack = new Stack(new App(), 'Shop', { env: { region: 'eu-central-1' } });
  const made = new WalArchive(stack, 'Wal', {
    sourceName: 'orders',
    vault: props.vault ?? BackupVault.fromVaultAttributes(stack, 'Vault', { bucketName: 'acme-vault' }),
    topic: sns.Topic.fromTopicArn(stack, 'Topic', 'arn:aws:sns:eu-central-1:111122223333:alarms'),
    ...props,
  });
  return { stack, archive: made };
}

test('the settings are ready for postgresql.conf', () => {
  const { archive: made } = archive({ spoolDirectory: '/var/lib/postgresql/spool' });
  expect(made.postgresqlConf).toMatchInlineSnapshot(`
   "# The write-ahead log is archived; archive_mode needs a restart, the others a reload.
   wal_level = replica
   archive_mode = on
   archive_timeout = 60
   archive_command = 'curl -sf -m 60 -o /dev/null --unix-socket /run/postgres-backup/archive.sock http://helper/archive/%f || AWS_REGION=eu-central-1 postgres-backup archive-push %p --vault s3://acme-vault --source orders || exit 1'
   # Read by a standby, or by a server that recovers.
   restore_command = 'AWS_REGION=eu-central-1 postgres-backup archive-get %f %p --vault s3://acme-vault --source orders --spool /var/lib/postgresql/spool; s=$?; [ $s -eq 0 ] || [ $s -eq 66 ] || exit 200; exit $s'
   "
  `);
});

test('the commands are ones that a shell understands, with neither a quote nor a second line in them', () => {
  const { archive: made } = archive();
  for (const command of [made.archiveCommand, made.restoreCommand]) {
    expect(command).not.toMatch(/['\n]/);
    expect(spawnSync('sh', ['-n', '-c', command]).status).toBe(0);
  }
});

test.each([
  ['killed', 'kill -9 $$', 1],
  ['failed', 'exit 3', 1],
  ['not installed', 'exit 127', 1],
  ['archived', 'exit 0', 0],
])('a push that was %s ends archive_command with what the server understands', (_how, script, status) => {
  const { archive: made } = archive({ program: 'PROGRAM' });
  expect(endOf(made.archiveCommand, script)).toBe(status);
});

test.each([
  ['found', 'exit 0', 0],
  ['not archived', 'exit 66', 66],
  ['failed', 'exit 1', 200],
  ['terminated', 'exit 143', 200],
  ['killed', 'kill -9 $$', 200],
  ['not installed', 'exit 127', 200],
])('a file that was %s ends restore_command so that recovery never ends by mistake', (_how, script, status) => {
  const { archive: made } = archive({ program: 'PROGRAM' });
  expect(endOf(made.restoreCommand, script)).toBe(status);
});

/** The command with a script in the program's place, run as the server does. */
function endOf(command: string, script: string): number | null {
  const line = command.replace('AWS_REGION=eu-central-1 PROGRAM', `sh -c '${script}' PROGRAM`);
  expect(line).not.toBe(command);
  return spawnSync('sh', ['-c', line]).status;
}

test('the server’s machine can write the log, and neither read, list nor delete', () => {
  const stack = new Stack(new App(), 'Shop');
  const vault = new BackupVault(stack, 'Vault');
  const topic = new sns.Topic(stack, 'Topic');
  const role = new iam.Role(stack, 'Host', { assumedBy: new iam.ServicePrincipal('ec2.amazonaws.com') });
  new WalArchive(stack, 'Wal', { sourceName: 'orders', vault, topic }).grantPush(role);
  const given = permissions(Template.fromStack(stack)).filter(({ holder }) => holder.startsWith('Host'));
  // HEAD asks for GetObject; without kms:Decrypt S3 gives no content.
  const actions = given.map(({ action }) => action).filter((action) => action !== 'sts:AssumeRole');
  expect(actions.sort()).toEqual(['kms:GenerateDataKey', 's3:GetObject', 's3:PutObject']);
  for (const { action, resource } of given) if (action.startsWith('s3:')) expect(resource).toContain('/orders/wal/*');
});

test('both alarms take silence for bad news', () => {
  const { stack } = archive({ recoveryPointObjective: Duration.minutes(10) });
  const template = Template.fromStack(stack);
  const alarm = (metric: string, threshold: number) =>
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      MetricName: metric,
      Threshold: threshold,
      TreatMissingData: 'breaching',
      Dimensions: [
        { Name: 'Component', Value: 'wal' },
        { Name: 'Source', Value: 'orders' },
      ],
      AlarmActions: ['arn:aws:sns:eu-central-1:111122223333:alarms'],
    });
  alarm(METRICS.walAge.name, 600);
  alarm(METRICS.walFindings.name, 0);
  template.hasResourceProperties('AWS::Events::Rule', { ScheduleExpression: 'rate(5 minutes)' });
});

describe('lifecycle rules that would end the log by its age', () => {
  const DAYS = Duration.days(30);
  const problems = (rule: s3.LifecycleRule): string[] => {
    const stack = new Stack(new App(), 'Shop');
    const vault = new BackupVault(stack, 'Vault');
    const { node } = new WalArchive(stack, 'Wal', {
      sourceName: 'orders',
      vault,
      topic: new sns.Topic(stack, 'Topic'),
    });
    (vault.bucket as s3.Bucket).addLifecycleRule({ id: 'mine', ...rule });
    return node.validate();
  };

  test.each([
    ['of everything', { expiration: DAYS }],
    ['of the log', { prefix: 'orders/wal/', expiration: DAYS }],
    ['of one cluster’s log', { prefix: 'orders/wal/7564537891234567890/', expiration: DAYS }],
    ['of all of the source', { prefix: 'orders/', expiration: DAYS }],
    ['on a day', { expirationDate: new Date('2030-01-01') }],
    ['with a tag of somebody’s', { tagFilters: { team: 'a' }, expiration: DAYS }],
  ])('%s is refused', (_what, rule) => {
    expect(problems(rule)).toEqual([expect.stringMatching(/'mine' deletes the log below 'orders\/wal\/' by its age/)]);
  });

  test('a move to storage that is read after hours is refused too', () => {
    const deep = { storageClass: s3.StorageClass.DEEP_ARCHIVE, transitionAfter: DAYS };
    expect(problems({ transitions: [deep] })).toEqual([expect.stringMatching(/moves the log .* to DEEP_ARCHIVE/)]);
  });

  test.each([
    ['of another prefix', { prefix: 'exports/', expiration: DAYS }],
    ['of another component', { prefix: 'orders/dump/', expiration: DAYS }],
    ['that is off', { enabled: false, expiration: DAYS }],
    ['of unfinished uploads', { abortIncompleteMultipartUploadAfter: DAYS }],
  ])('one %s is not', (_what, rule) => {
    expect(problems(rule)).toEqual([]);
  });
});

test.each([
  [{ archiveTimeout: Duration.hours(2) }, /archiveTimeout is .*7200.*|archiveTimeout is Duration/],
  [
    { archiveTimeout: Duration.minutes(10) },
    /recoveryPointObjective is 15 minutes, but with an archiveTimeout of 10 minutes/,
  ],
  [{ program: "x'; rm -rf /" }, /program is 'x'; rm -rf \/'/],
  [{ socketPath: 'relative.sock' }, /socketPath is 'relative.sock'/],
  [{ spoolDirectory: '/a b' }, /spoolDirectory is '\/a b'/],
  [{ sourceName: 'Not A Name' }, /source name 'Not A Name' is not usable/],
])('%j is refused', (props, message) => {
  expect(() => archive(props)).toThrow(message);
});

test('a machine outside AWS is let in by a certificate of its own name, and can do no more than the server’s', () => {
  const { stack, archive: made } = archive();
  const machine = made.addMachine('OnPremises', { authorityCertificate: CERTIFICATE, commonName: 'db-1.example.com' });
  expect(machine.credentialProcess).toMatch(/^aws_signing_helper credential-process --certificate/);
  const template = Template.fromStack(stack);
  template.hasResourceProperties('AWS::IAM::Role', {
    AssumeRolePolicyDocument: {
      Statement: Match.arrayWith([
        Match.objectLike({
          Action: Match.arrayWith(['sts:AssumeRole']),
          Condition: Match.objectLike({ StringEquals: { 'aws:PrincipalTag/x509Subject/CN': 'db-1.example.com' } }),
        }),
      ]),
    },
  });
  const given = permissions(template).filter(({ holder }) => holder.startsWith('WalOnPremises'));
  expect(given.filter(({ action }) => action.startsWith('s3:')).map(({ action }) => action)).toEqual([
    's3:PutObject',
    's3:GetObject',
  ]);
  const add = (props: { authorityCertificate?: string; commonName?: string }) => () =>
    archive().archive.addMachine('Other', { authorityCertificate: CERTIFICATE, commonName: 'db', ...props });
  expect(add({ authorityCertificate: 'PEM' })).toThrow(/must be a certificate as PEM/);
  expect(add({ commonName: '*' })).toThrow(/commonName is '\*'/);
});
