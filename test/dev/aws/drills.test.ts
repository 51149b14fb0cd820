/**
 * Drills as they are deployed: their schedules start a task for each component, with the rights of the template and no others, and
 * each restores what was backed up, finds it as it was, and leaves its record.
 */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { App, CfnOutput, Duration, Stack } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import { Cloud, deployStack, describeUse, readStack } from '../../../dev/aws';
import {
  BackupComponent,
  BackupImage,
  BackupPlan,
  BackupRule,
  BaseBackup,
  DrillSchedule,
  ObjectSource,
  PostgresBackup,
  PostgresVersion,
  RestoreDrill,
  WalArchive as DeployedArchive,
} from '../../../lib';
import type { Drill, RetentionClass } from '../../../model';
import { backupBase } from '../../../runtime/components/base-backup/backup';
import { backupFiles } from '../../../runtime/components/files/backup';
import { backupObjects } from '../../../runtime/components/objects/backup';
import { DEFAULT_MIRROR_SETTINGS } from '../../../runtime/components/objects/types';
import { listAllDrillKeys, readDrill } from '../../../runtime/drill/records';
import { openS3Bucket } from '../../../runtime/store/s3-bucket';
import type { S3Connection } from '../../../runtime/store/s3-client';
import { openS3Store } from '../../../runtime/store/s3-store';
import { parseBucketUri } from '../../../runtime/store/bucket-uri';
import type { ObjectStore } from '../../../runtime/store/store';
import { WalArchive } from '../../../runtime/wal/archive';
import { testSource, testVpc } from '../../lib/support/stacks';
import { baseBackupRequest } from '../../runtime/components/base-backup/support';
import { MomentLab } from '../../runtime/recovery/support';

process.env.CDK_VALIDATION = 'false';

/** By the real clock, as requests are signed by it; the drills begin some minutes later. */
const START = new Date();
const DRILLS = new Date(START.getTime() + 4 * 60_000);
const DRILLED = new Date(START.getTime() + 6 * 60_000);
const COMPONENTS = ['dump', 'base-backup', 'objects', 'files'] as const;

let folder: string;
let lab: MomentLab;
let cloud: Cloud;
let vaultUri: string;
let uploads: string;
let connection: S3Connection;
let store: ObjectStore;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'drills-'));
  lab = await MomentLab.start();
  const app = new App({ outdir: path.join(folder, 'out'), analyticsReporting: false });
  synthesise(new Stack(app, 'Shop'), lab.primary.lab.server.major);
  app.synth();
  cloud = await Cloud.start({ start: START });
  const deployment = await deployStack(cloud, readStack(path.join(folder, 'out'), 'Shop'));
  vaultUri = String(deployment.outputs.VaultUri);
  uploads = String(deployment.outputs.UploadsName);
  connection = { endpoint: cloud.s3.endpoint, credentials: cloud.s3.credentials, region: cloud.account.region };
  store = openS3Store(vaultUri, connection);
  await backUpAll();
}, 240_000);

afterAll(async () => {
  await cloud?.close();
  await lab?.stop();
  await rm(folder, { recursive: true, force: true });
});

function synthesise(stack: Stack, major: number): void {
  const vpc = testVpc(stack);
  const backup = new PostgresBackup(stack, 'Backup', {
    source: testSource(stack, { postgresVersion: PostgresVersion.of(String(major)) }),
    vpc,
    // None of them fires before the drills do: what there is, is put there by the test.
    plan: new BackupPlan([BackupRule.monthly({ keepFor: Duration.days(365) })]),
    image: BackupImage.fromRegistry('registry.example.com/postgres-backup:17'),
  });
  const { vault, alarmTopic: topic, componentDefaults, source } = backup;
  const wal = new DeployedArchive(stack, 'Wal', { sourceName: 'orders', vault, topic });
  const base = new BaseBackup(stack, 'Base', { ...componentDefaults, source, wal });
  backup.addComponent(base);
  const bucket = new s3.Bucket(stack, 'Uploads');
  const [hour, minute] = [String(DRILLS.getUTCHours()), String(DRILLS.getUTCMinutes())];
  const schedule = DrillSchedule.expression(ScheduleExpression.cron({ hour, minute }));
  backup.addDrill({ schedule });
  backup.addComponentDrill(base, { schedule });
  backup.addComponentDrill(backup.addObjects('uploads', { from: ObjectSource.bucket(bucket) }), { schedule });
  // Without the file system, which the stand-in does not live: a drill needs none.
  new RestoreDrill(stack, 'FilesDrill', {
    ...componentDefaults,
    topic,
    component: BackupComponent.FILES,
    sampleSize: 3,
    schedule,
  });
  new CfnOutput(stack, 'VaultUri', { value: vault.vaultUri });
  new CfnOutput(stack, 'UploadsName', { value: bucket.bucketName });
}

/** By somebody who may everything: the rights of backups are for other tests. */
async function backUpAll(): Promise<void> {
  const { primary } = lab;
  const context = { ...primary.lab.context({}), store, now: () => new Date(START) };
  const common = { source: 'orders', class: 'daily' as RetentionClass };
  const environment = { ...cloud.s3.environment, POSTGRES_BACKUP_VAULT: vaultUri };
  const exports = Object.entries(environment).map(([name, value]) => `export ${name}='${value}'`);
  await primary.archiveWith(`${exports.join('\n')}\n$PROGRAM archive-push "$1" || exit 1`);

  await lab.commit(1, 3);
  await archiveAll();
  const base = await backupBase(baseBackupRequest(common), context);
  expect(base.outcome).toBe('made');
  await lab.commit(4, 5);
  await archiveAll();

  const dump = await primary.lab.backup('postgres', { ...common, globals: true }, { store, now: context.now });
  expect(dump.outcome).toBe('made');

  const mirrored = path.join(folder, 'media');
  await writeFiles(mirrored);
  const files = {
    ...common,
    volumes: [{ name: 'media', directory: mirrored }],
    fullEverySeconds: 86_400,
    compressionLevel: 1,
    minimumFiles: 1,
  };
  expect((await backupFiles(files, context)).outcome).toBe('made');

  const vault = openS3Bucket(parseBucketUri(vaultUri), connection);
  const from = openS3Bucket({ bucket: uploads, prefix: '' }, connection);
  const bytes = Buffer.from('a picture');
  await from.put('a', { bytes, sha256: createHash('sha256').update(bytes).digest('hex') }, {});
  const mirror = {
    name: 'uploads',
    from,
    endpoint: null,
    way: 'by the store',
    include: [],
    exclude: [],
    tags: 'keep',
  } as const;
  const objects = { ...common, mirrors: [mirror], vault, settings: DEFAULT_MIRROR_SETTINGS };
  expect((await backupObjects(objects, context)).outcome).toBe('made');
}

/** Into this vault, not into the one that the server's lab has. */
async function archiveAll(): Promise<void> {
  const { primary } = lab;
  const archive = new WalArchive(store, 'orders');
  const upTo = await primary.position();
  await primary.wakingUntil('the log is archived', async () => {
    const ranges = await archive.coveredRanges(primary.systemIdentifier, 1);
    return (ranges.at(-1)?.to ?? 0n) >= upTo;
  });
}

async function writeFiles(directory: string): Promise<void> {
  await mkdir(directory);
  for (let i = 0; i < 6; i++) await writeFile(path.join(directory, `file ${i}`), `content ${i}`);
}

async function records(): Promise<Drill[]> {
  const found = [...(await listAllDrillKeys(store, 'orders')).values()].flat();
  return Promise.all(found.map(async (key) => (await readDrill(store, key)).drill));
}

test('each component is restored by its own task, found as it was, and recorded; no call was refused', async () => {
  await cloud.advanceTo(DRILLED);
  const made = await records();
  const told = made.map(({ component, outcome, issues }) => ({ component, outcome, issues }));
  expect(
    told.sort((a, b) => COMPONENTS.indexOf(a.component as never) - COMPONENTS.indexOf(b.component as never)),
  ).toEqual(COMPONENTS.map((component) => ({ component, outcome: 'passed', issues: [] })));
  // Recovery asks for the history of a timeline that there is none of: S3 refuses who may list a part of a bucket alone, which
  // archive-get knows, and then asks the listing.
  const refused = describeUse(cloud).refused.filter((line) => !/BaseBackupDrillTask.*: s3:ListBucket on /.test(line));
  expect(refused).toEqual([]);
}, 240_000);
