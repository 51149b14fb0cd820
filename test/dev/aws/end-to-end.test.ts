/**
 * A whole stack lives: the schedule starts a task, its manifest starts the verification, the alarms find all well; then an
 * object is damaged, and somebody's chat hears of it. And without a permission of the template nothing of that works.
 */
import { describeUse } from '../../../dev/aws';
import type { Template } from '../../../dev/aws/template/template';
import { deployClinic, START, type ClinicCloud } from '../../../dev/demo/clinic-cloud';
import { BACKUP_PASSWORD, BACKUP_ROLE, DATABASE } from '../../../dev/demo/clinic';
import { synthesise, type Synthesis } from '../../../dev/demo/synthesise';
import { MAIL, SOURCE } from '../../../dev/demo/stack';
import { openWebhook, type Webhook } from '../../../dev/demo/webhook';
import { METRICS } from '../../../model';
import { Lab } from '../../support/lab';

process.env.CDK_VALIDATION = 'false';

/** As many tables as the stack says there are at least, with those that it names. */
const NAMES = [
  'clinic.patients',
  'billing.invoices_2026',
  'queue.outbox',
  ...Array.from({ length: 9 }, (_, n) => `clinic.t${n}`),
];
const TABLES = [
  ...['clinic', 'billing', 'queue'].map((name) => `CREATE SCHEMA ${name};`),
  ...NAMES.map((name) => `CREATE TABLE ${name} AS SELECT generate_series(1, 500) AS n;`),
];
const USER = `CREATE ROLE ${BACKUP_ROLE} LOGIN PASSWORD '${BACKUP_PASSWORD.replaceAll("'", "''")}' IN ROLE pg_read_all_data;`;

let lab: Lab;
let synthesis: Synthesis;
let webhook: Webhook;
let clinic: ClinicCloud;

beforeAll(async () => {
  lab = await Lab.start();
  await lab.sql('postgres', USER);
  webhook = await openWebhook();
  synthesis = await synthesise(lab.server.major);
  clinic = await deploy(synthesis);
  await lab.sql(DATABASE, TABLES.join('\n'));
});

afterAll(async () => {
  await clinic?.cloud.close();
  await synthesis?.remove();
  await webhook?.close();
  await lab?.stop();
});

function deploy(from: Synthesis): Promise<ClinicCloud> {
  return deployClinic({
    server: lab.server,
    synthesis: from,
    webhookUrl: webhook.url,
    runScript: async (script) => void (await lab.sql('postgres', script)),
  });
}

/** Minutes after the beginning, which is three before the hour. */
const minute = (count: number): Date => new Date(START.getTime() + count * 60_000);

const keys = (): string[] => clinic.cloud.s3.keys(clinic.vault);

const alarming = (cloud = clinic.cloud): string[] =>
  Object.entries(cloud.alarms.states())
    .filter(([, state]) => state !== 'OK')
    .map(([name]) => name.replace(/^.*Alarms|[0-9A-F]{8}$/g, ''));

test('the schedule starts a task; its manifest is verified; the alarms find all well', async () => {
  const { cloud } = clinic;
  await cloud.advanceTo(minute(3));
  const lines = cloud.logs.lines.map(({ text }) => text);
  expect({ tasks: cloud.tasks.tasks.map(({ stopCode, exitCode }) => ({ stopCode, exitCode })), lines }).toEqual({
    tasks: [{ stopCode: 'EssentialContainerExited', exitCode: 0 }],
    lines: expect.arrayContaining([expect.stringContaining(`"${METRICS.backupSucceeded.name}":1`)]) as string[],
  });
  const prefix = `${SOURCE}/dump/hourly/2026/11/20/20261120T010000Z-`;
  const stored = keys()
    .filter((key) => key.startsWith(prefix))
    .map((key) => key.split('/').at(-1));
  expect(stored).toEqual(expect.arrayContaining(['manifest.json', 'started.json', 'verification.json']));

  await cloud.advanceTo(minute(21));
  expect(alarming()).toEqual([]);
  expect(describeUse(cloud).refused).toEqual([]);
  expect(cloud.functions.invocations.filter(({ answer }) => 'error' in answer)).toEqual([]);
});

test('an object that was cut is found by the sweep, and the chat and the mailbox hear of it; the next backup is a good one', async () => {
  const { cloud, vault } = clinic;
  const key = keys().find((one) => one.includes('/20261120T010000Z-') && one.endsWith('.zst')) ?? '';
  const told = cloud.topics.outbox.length;
  const posted = webhook.posted.length;
  // What the store itself would not notice. A flipped bit it would: S3 reads nothing whose checksum is wrong.
  await cloud.s3.damage.truncate({ bucket: vault, key }, 10);
  await sweep();
  await cloud.advanceTo(minute(30));
  // It was the only one: there is no good backup now.
  const expected = ['BackupTooOld', 'VerificationFailed', 'VerifiedBackupTooOld'];
  expect(alarming().sort()).toEqual(expected);
  const mails = cloud.topics.outbox.slice(told);
  for (const alarm of expected) {
    const subject = expect.stringMatching(new RegExp(`^ALARM: .*Alarms${alarm}`)) as string;
    expect(mails).toContainEqual(expect.objectContaining({ to: MAIL, subject }));
  }
  expect(webhook.posted.slice(posted).join('\n')).toContain('did not pass its verification');

  await cloud.advanceTo(minute(84));
  expect(alarming()).toEqual(['VerificationFailed']);
});

test('a permission that is there and not needed is listed', () => {
  const { unused } = describeUse(clinic.cloud);
  const ofTask = unused.filter((line) => line.includes('DumpTaskTaskRole')).map((line) => line.split(' ')[1]);
  expect(ofTask).toContain('s3:AbortMultipartUpload');
  expect(ofTask).not.toContain('s3:PutObject');
  expect(unused.filter((line) => line.includes('kms:GenerateDataKey') && line.includes('DumpTaskTaskRole'))).toEqual(
    [],
  );
});

describe('without a permission of the template', () => {
  /** The statements of a role's policies, without an action. */
  const without = (role: string, action: string): Synthesis => {
    const template = JSON.parse(JSON.stringify(synthesis.stack.template)) as Template;
    let removed = 0;
    for (const [id, { Type, Properties }] of Object.entries(template.Resources)) {
      if (Type !== 'AWS::IAM::Policy' || !id.includes(role)) continue;
      const { Statement } = Properties?.PolicyDocument as {
        Statement: { Effect: string; Action: string | string[] }[];
      };
      for (const statement of Statement.filter(({ Effect }) => Effect === 'Allow')) {
        const actions = [statement.Action].flat();
        removed += actions.length;
        statement.Action = actions.map((one) => (one === action ? 's3:GetBucketLocation' : one));
        removed -= statement.Action.filter((one) => one !== 's3:GetBucketLocation').length;
      }
    }
    expect(removed).toBeGreaterThan(0);
    return { ...synthesis, stack: { ...synthesis.stack, template } };
  };

  test.each([
    ['DumpTaskTaskRole', 's3:PutObject'],
    ['DumpTaskTaskRole', 'kms:GenerateDataKey'],
    ['DumpTaskTaskRole', 'secretsmanager:GetSecretValue'],
  ])('%s %s the backup fails, and the report says who lacked what', async (role, action) => {
    const { cloud } = await deployQuietly(without(role, action));
    try {
      await cloud.advanceTo(minute(3));
      expect(cloud.tasks.tasks.map(({ exitCode }) => exitCode)).toEqual([1]);
      expect(describeUse(cloud).refused).toEqual([expect.stringMatching(new RegExp(`${role}.*: ${action} on`))]);
    } finally {
      await cloud.close();
    }
  });

  test.each([
    ['Schedules', 'ecs:RunTask'],
    ['Schedules', 'iam:PassRole'],
    ['ExecutionRole', 'logs:PutLogEvents'],
  ])('%s %s the task never starts', async (role, action) => {
    const { cloud } = await deployQuietly(without(role, action));
    try {
      await cloud.advanceTo(minute(3));
      expect(cloud.tasks.tasks.filter(({ stopCode }) => stopCode !== 'TaskFailedToStart')).toEqual([]);
      expect(describeUse(cloud).refused).toContainEqual(expect.stringContaining(`: ${action} on`));
    } finally {
      await cloud.close();
    }
  });

  /** The database is there already. */
  const deployQuietly = (from: Synthesis): Promise<ClinicCloud> =>
    deployClinic({
      server: lab.server,
      synthesis: from,
      webhookUrl: webhook.url,
      runScript: async () => undefined,
    });
});

async function sweep(): Promise<void> {
  const { cloud } = clinic;
  const schedule = cloud.scheduler.all().find(({ input }) => input.includes('"sweep"'));
  await cloud.scheduler.fire(schedule?.name ?? '');
}
