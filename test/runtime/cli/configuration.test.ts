import type { ConfigurationManifest } from '../../../model';
import type {
  ConfigurationRequest,
  RestoreConfigurationReport,
  RestoreConfigurationRequest,
} from '../../../runtime/components/configuration/types';
import { examplePoint, runCli, TARGET, type Setup } from './support/harness';

const KEY = ['--envelope-key', 'alias/orders'];

const REPORT: RestoreConfigurationReport = {
  outcome: 'passed',
  point: '20261120T021003Z-4k2m9x',
  source: 'orders',
  action: 'compare',
  entries: [
    { name: 'parameter:/orders/flags', state: 'changed', isApplied: false },
    { name: 'secret:orders/smtp', state: 'same', isApplied: false },
    { name: 'parameter:/orders/\x1b[2Jlater', state: 'only in target', isApplied: false },
  ],
  durationMs: 1500,
};

function exampleConfiguration(): ConfigurationManifest {
  const entry = { kind: 'parameter', type: 'String', version: '1', sizeBytes: 1, certificates: [] } as const;
  return {
    ...examplePoint().manifest,
    component: 'configuration',
    envelopeKey: 'arn:aws:kms:eu-central-1:111122223333:key/1',
    parameterPaths: [],
    entries: [{ ...entry, name: 'parameter:/a', keyedDigest: 'ab'.repeat(32) }],
    objects: [],
    dependsOn: [],
    totals: { storedBytes: 2048, objects: 1, items: 1 },
  };
}

async function backup(argv: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const asked: ConfigurationRequest[] = [];
  const configuration: Setup['configuration'] = {
    backup: async (request) => {
      asked.push(request);
      return { outcome: 'made', manifest: exampleConfiguration(), uri: 's3://acme-vault/x/', durationMs: 1500 };
    },
  };
  return { ...(await runCli(['backup', 'configuration', ...argv], { env, configuration })), asked };
}

async function restore(argv: readonly string[], report = REPORT) {
  const asked: RestoreConfigurationRequest[] = [];
  const configuration: Setup['configuration'] = {
    restore: async (request) => {
      asked.push(request);
      return report;
    },
  };
  return { ...(await runCli(['restore', 'configuration', ...argv], { configuration })), asked };
}

test('backup configuration takes what is named, asks for no server, and tells names alone', async () => {
  const ran = await backup([...TARGET, ...KEY, '--parameter', '/a', '--secret-value', 's', '--text', 'n=@a=b.conf']);
  expect(ran).toMatchObject({ exitCode: 0, serverEnvironments: [] });
  expect(ran.asked).toMatchObject([
    { parameters: ['/a'], parameterPaths: [], secrets: ['s'], texts: [{ name: 'n', file: 'a=b.conf' }] },
  ]);
  expect(ran.stdout).toMatchInlineSnapshot(`
   "backed up: 20261120T021003Z-4k2m9x · 1 entry · 2.0 kB stored · 1.5 s
     s3://acme-vault/x/
   "
  `);
});

test('a task is told everything by its environment', async () => {
  const { asked } = await backup([], {
    POSTGRES_BACKUP_VAULT: 's3://v',
    POSTGRES_BACKUP_SOURCE: 'orders',
    POSTGRES_BACKUP_PARAMETERS: '["/a"]',
    POSTGRES_BACKUP_PARAMETER_PATHS: '["/b"]',
    POSTGRES_BACKUP_SECRET_VALUES: '["c"]',
    POSTGRES_BACKUP_ENVELOPE_KEY: 'arn:k',
    POSTGRES_BACKUP_CLASS: 'daily',
  });
  expect(asked).toMatchObject([
    { parameters: ['/a'], parameterPaths: ['/b'], secrets: ['c'], envelopeKey: 'arn:k', class: 'daily' },
  ]);
});

test.each([
  [KEY, /nothing is named to be backed up/],
  [['--parameter', '/a'], /no key is given to encrypt the values with/],
  [[...KEY, '--text', 'a=secret'], /the text "a" is not NAME=@FILE/],
])('backup configuration %j is wrong usage, and no text of an argument is told', async (argv, message) => {
  const ran = await backup([...TARGET, ...argv]);
  expect(ran).toMatchObject({ exitCode: 2, asked: [] });
  expect(ran.stderr).toMatch(message);
  expect(ran.stderr).not.toContain('secret"');
});

test('restore configuration compares, and changes nothing unless told what', async () => {
  const ran = await restore(['latest', ...TARGET]);
  expect(ran.asked).toMatchObject([{ action: 'compare', values: 'hide', names: [] }]);
  expect(ran.stdout).toMatchInlineSnapshot(`
   "  ~ parameter:/orders/flags  changed
     = secret:orders/smtp  as in the backup
     - parameter:/orders/\\x1b[2Jlater  there now, not in the backup
   compared: 20261120T021003Z-4k2m9x · 1 changed, 1 same, 1 only in target · 1.5 s
   "
  `);
  expect(await restore(['latest', ...TARGET, '--apply'])).toMatchObject({ exitCode: 2, asked: [] });
});

test('restore configuration writes what is named', async () => {
  const entries = [{ ...REPORT.entries[0], isApplied: true, inBackup: 'a', inTarget: 'b' }];
  const ran = await restore(['latest', ...TARGET, '--apply', '--show', '--name', 'parameter:/orders/flags'], {
    ...REPORT,
    action: 'apply',
    entries,
  });
  expect(ran.asked).toMatchObject([{ action: 'apply', values: 'show', names: ['parameter:/orders/flags'] }]);
  expect(ran.stdout).toMatchInlineSnapshot(`
   "  ~ parameter:/orders/flags  changed, written
         in the backup: a
         now:           b
   restored: 20261120T021003Z-4k2m9x · 1 entry written and read again · 1.5 s
   "
  `);
});

test('what could not be read is never good', async () => {
  const entries = [{ name: 'secret:x', state: 'could not be read', isApplied: false, detail: 'AccessDenied' }] as const;
  const ran = await restore(['latest', ...TARGET], { ...REPORT, outcome: 'could not verify', entries });
  expect(ran.exitCode).toBe(3);
  expect(ran.stdout).toContain('? secret:x  could not be read: AccessDenied');
});
