/** The demonstration: `npm run demo`. */
import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import { authorizer, makeCredentials, PREFIX, READ_ACTIONS, VAULT_BUCKET, WRITE_ACTIONS } from '../../dev/demo/access';
import { claim } from '../../dev/demo/claim';
import { Narrator } from '../../dev/demo/narrator';
import { BackupComponent, BackupVault } from '../../lib';
import { plainStyle } from '../../runtime/observe/style';

const MAIN = path.join(__dirname, '..', '..', 'dev', 'demo', 'main.ts');
const WHOLE_STORY_TIMEOUT_MS = 240_000;

describe('the whole story', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'demo-test-'));
    // Where root runs this, PostgreSQL runs as another user, who must be able to pass through.
    await chmod(folder, 0o711);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test(
    'shows everything it claims, in 80 columns, and leaves nothing behind',
    async () => {
      const { exitCode, stdout } = await demo(folder);
      expect({ exitCode, stdout }).toEqual({
        exitCode: 0,
        stdout: expect.stringContaining('All of it is so') as string,
      });
      const steps = [...stdout.matchAll(/^ {1,2}\d+ (.{11})/gm)].map(([, name]) => name.trim());
      expect(steps.slice(0, 6)).toEqual(['start', 'make', 'remember', 'back up', 'look', 'verify']);
      expect(steps.slice(6)).toEqual(['destroy', 'restore', 'compare', 'flip a bit', 'cut short', 'clean up']);
      expect(stdout.split('\n').filter((line) => Array.from(line).length > 79)).toEqual([]);
      expect(stdout).not.toContain('\x1b');
      expect(readdirSync(folder).filter((name) => name.startsWith('postgres-backup-'))).toEqual([]);
    },
    WHOLE_STORY_TIMEOUT_MS,
  );

  test('an option it does not know is wrong usage, and nothing is begun', async () => {
    const { exitCode, stdout, stderr } = await demo(folder, '--keeep');
    expect(exitCode).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain("Unknown option '--keeep'");
  });
});

describe('a step', () => {
  test('that does not show what it claims fails, and says what was claimed and seen', async () => {
    const lines: string[] = [];
    const narrator = new Narrator({ write: (text) => lines.push(text) }, plainStyle);
    const step = narrator.step('compare', async () => claim([].length > 0, 'everything is as before', 'one row less'));
    await expect(step).rejects.toThrow('everything is as before: not so');
    expect(lines.join('')).toMatch(/1 compare +failed .*\n +claimed: everything is as before\n +seen: one row less\n/);
  });
});

describe('the credentials of the demonstration', () => {
  const credentials = makeCredentials();
  const may = authorizer(credentials);
  const ask = (who: { accessKeyId: string }, action: string, rest: object = {}): boolean =>
    may({
      accessKeyId: who.accessKeyId,
      action,
      bucket: VAULT_BUCKET,
      key: `${PREFIX}daily/x`,
      conditions: {},
      ...rest,
    });

  test('may do with objects what the constructs grant a task and an operator, and no more', () => {
    const stack = new Stack(new App(), 'Stack');
    const vault = new BackupVault(stack, 'Vault');
    vault.grantWrite(role(stack, 'Writer'), 'clinic', BackupComponent.DUMP);
    vault.grantRestore(role(stack, 'Reader'), 'clinic');
    const granted = objectActions(Template.fromStack(stack));
    expect(granted).toEqual({ Writer: [...WRITE_ACTIONS].sort(), Reader: [...READ_ACTIONS].sort() });
    for (const action of WRITE_ACTIONS) expect(ask(credentials.writer, action)).toBe(true);
    for (const action of READ_ACTIONS) expect(ask(credentials.reader, action)).toBe(true);
  });

  test.each([
    's3:GetObject',
    's3:GetObjectVersion',
    's3:DeleteObject',
    's3:DeleteObjectVersion',
    's3:PutObjectTagging',
  ])('do not let the writer %s', (action) => expect(ask(credentials.writer, action)).toBe(false));

  test('do not let the writer say that a backup is verified, as the constructs do not', () => {
    expect(ask(credentials.writer, 's3:PutObject', { key: `${PREFIX}daily/x/verification.json` })).toBe(false);
  });

  test('end at the prefix of the source and at the bucket', () => {
    expect(ask(credentials.writer, 's3:PutObject', { key: 'other/dump/x' })).toBe(false);
    expect(ask(credentials.reader, 's3:GetObject', { bucket: 'another' })).toBe(false);
    const list = { key: undefined, conditions: { 's3:prefix': PREFIX } };
    expect(ask(credentials.reader, 's3:ListBucket', list)).toBe(true);
    expect(ask(credentials.reader, 's3:ListBucket', { ...list, conditions: {} })).toBe(false);
    expect(ask(credentials.writer, 's3:ListBucket', list)).toBe(false);
  });
});

interface DemoRun {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function demo(folder: string, ...args: string[]): Promise<DemoRun> {
  const tsx = require.resolve('tsx/cli');
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [tsx, MAIN, ...args],
      { env: { ...process.env, TMPDIR: folder } },
      (_error, stdout, stderr) => resolve({ exitCode: child.exitCode, stdout, stderr }),
    );
  });
}

function role(stack: Stack, id: string): iam.Role {
  return new iam.Role(stack, id, { assumedBy: new iam.AccountRootPrincipal() });
}

/** The actions on objects of each role, by the beginning of its policy's logical id. */
function objectActions(template: Template): Record<string, string[]> {
  const policies = template.findResources('AWS::IAM::Policy') as Record<
    string,
    { Properties: { PolicyDocument: { Statement: { Effect: string; Action: string | string[] }[] } } }
  >;
  return Object.fromEntries(
    Object.entries(policies).map(([id, { Properties }]) => {
      const allowed = Properties.PolicyDocument.Statement.filter(({ Effect }) => Effect === 'Allow');
      const actions = allowed.flatMap(({ Action }) => Action);
      const onObjects = actions.filter((action) => /^s3:.*(?:Object|Upload)/.test(action));
      return [id.replace(/DefaultPolicy.*/, ''), onObjects.sort()];
    }),
  );
}
