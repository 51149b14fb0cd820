/** The receiver's service lives: with the rights of its template it receives and archives, is refused nothing, and tells how it stands. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as sns from 'aws-cdk-lib/aws-sns';
import { Cloud, describeUse, deployStack, readStack, type Deployment } from '../../../dev/aws';
import { BackupImage, BackupVault, PostgresSource, PostgresVersion, WalArchive } from '../../../lib';
import { METRIC_NAMESPACE, METRICS } from '../../../model';
import { quoteLiteral } from '../../../runtime/postgres/sql-quoting';
import { Lab, SOURCE } from '../../support/lab';
import { until } from '../../support/processes';
import { END_SEGMENT } from '../../runtime/wal/support/archiving-lab';

process.env.CDK_VALIDATION = 'false';

const LOGIN = { username: 'receiver', password: 'a password', dbname: 'postgres' };

let lab: Lab;
let folder: string;
let cloud: Cloud;
let deployment: Deployment;
let service: string;
let bucket: string;

class ReceiverStack extends Stack {
  constructor(scope: App, server: { readonly major: number; readonly port: number }) {
    super(scope, 'Shop');
    const wal = new WalArchive(this, 'Wal', {
      sourceName: SOURCE,
      vault: new BackupVault(this, 'Vault'),
      topic: new sns.Topic(this, 'Topic'),
    });
    wal.addReceiver('Receiver', {
      source: PostgresSource.fromEndpoint({
        name: SOURCE,
        host: '127.0.0.1',
        port: server.port,
        secret: new secretsmanager.Secret(this, 'Login'),
        postgresVersion: PostgresVersion.of(String(server.major)),
      }),
      vpc: ec2.Vpc.fromVpcAttributes(this, 'Vpc', {
        vpcId: 'vpc-0123456789abcdef0',
        availabilityZones: ['eu-central-1a'],
        privateSubnetIds: ['subnet-0123456789abcdef0'],
      }),
      image: BackupImage.fromRegistry('registry.example.com/postgres-backup'),
    });
  }
}

beforeAll(async () => {
  lab = await Lab.start();
  await lab.sql('postgres', `CREATE ROLE receiver LOGIN REPLICATION PASSWORD ${quoteLiteral(LOGIN.password)}`);
  folder = await mkdtemp(path.join(tmpdir(), 'wal-receiver-'));
  const app = new App({ outdir: path.join(folder, 'app'), analyticsReporting: false });
  new ReceiverStack(app, lab.server);
  app.synth();
  const stack = readStack(path.join(folder, 'app'), 'Shop');
  const named = (prefix: string) => Object.keys(stack.template.Resources).find((id) => id.startsWith(prefix)) ?? '';
  const localEnvironment = { PGSSLMODE: 'disable', PGSSLROOTCERT: '', TMPDIR: folder };
  cloud = await Cloud.start({ start: new Date(), localEnvironment });
  deployment = await deployStack(cloud, stack, { secrets: { [named('Login')]: JSON.stringify(LOGIN) } });
  service = deployment.ref(named('WalReceiverService'));
  bucket = deployment.ref(named('VaultBucket'));
});

afterAll(async () => {
  await cloud?.close();
  await lab?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** As an alarm sees it. */
function figure(key: keyof typeof METRICS): number | undefined {
  const dimensions = { Source: SOURCE, Component: 'wal' };
  const query = {
    namespace: METRIC_NAMESPACE,
    name: METRICS[key].name,
    dimensions,
    statistic: 'Maximum',
    periodSeconds: 60,
  };
  return cloud.metrics.over(query, 0, Date.now() + 86_400_000);
}

test('it archives segments and parts of them with no right that it lacks, and none of what it may do is denied', async () => {
  const { ecsServices } = cloud;
  await ecsServices.scale(ecsServices.get(service), 1);
  const keys = () => cloud.s3.keys(bucket);
  await until('a part is archived', () => keys().some((key) => key.includes('/partials/')));
  await lab.sql('postgres', END_SEGMENT);
  await until('a segment is archived', () => keys().some((key) => /\/00000001\/[0-9A-F]{24}\.zst$/.test(key)));
  await until('it tells how it stands', () => figure('walReceiverStreaming') === 1);
  expect(figure('walReceiverLag')).toBeGreaterThanOrEqual(0);
  expect(figure('walSlotRetained')).toBeGreaterThan(0);
  await ecsServices.scale(ecsServices.get(service), 0);
  await until('the task has ended', () => ecsServices.running(ecsServices.get(service)).length === 0);
  const [task] = cloud.tasks.tasks;
  expect([task.stopCode, task.exitCode]).toEqual(['UserInitiated', 0]);
  expect(describeUse(cloud).refused).toEqual([]);
});
