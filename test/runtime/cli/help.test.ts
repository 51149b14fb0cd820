import { ENVIRONMENT } from '../../../model';
import { runCli } from './support/harness';

const COMMANDS = [
  ['backup', 'dump'],
  ['backup', 'base-backup'],
  ['backup', 'files'],
  ['backup', 'configuration'],
  ['backup', 'objects'],
  ['restore'],
  ['restore', 'files'],
  ['restore', 'configuration'],
  ['restore', 'objects'],
  ['verify'],
  ['drill'],
  ['evidence'],
  ['run'],
  ['status'],
  ['runbook'],
  ['info'],
  ['check'],
  ['retention'],
  ['test-alert'],
  ['archive-push'],
  ['archive-helper'],
  ['wal-receive'],
  ['wal-heartbeat'],
  ['wal-check'],
];

test.each([[[]], [['backup']], ...COMMANDS.map((command) => [command])])(
  'help of %j has examples and the exit codes, and goes to stdout',
  async (command) => {
    const ran = await runCli([...command, '--help'], { terminal: { columns: 120 } });
    expect(ran.exitCode).toBe(0);
    expect(ran.stderr).toBe('');
    expect(ran.stdout).toContain('$ postgres-backup ');
    expect(ran.stdout).toMatch(/Exit codes:\n {2}0 .*\n {2}1 .*\n {2}2 .*\n {2}3 /);
  },
);

test('the help of the dump is complete', async () => {
  const { stdout } = await runCli(['backup', 'dump', '--help'], { terminal: { columns: 120 } });
  expect(stdout).toMatchSnapshot();
});

test('the help of the restore is complete', async () => {
  const { stdout } = await runCli(['restore', '--help'], { terminal: { columns: 120 } });
  expect(stdout).toMatchSnapshot();
});

test('every variable that a task may be given is told by the help of a command', async () => {
  const helps = await Promise.all(COMMANDS.map((command) => runCli([...command, '--help'])));
  const told = helps.map(({ stdout }) => stdout).join('\n');
  for (const variable of Object.values(ENVIRONMENT)) expect(told).toContain(variable);
});

test.each(COMMANDS.map((command) => [command]))('help of %j names the document that --json prints', async (command) => {
  const { stdout } = await runCli([...command, '--help']);
  expect(stdout.replace(/\s+/g, ' ')).toMatch(
    /--json print the result as one JSON document: postgres-backup\/[\w-]+\/1/,
  );
});

test('the version goes to stdout', async () => {
  expect(await runCli(['--version'])).toMatchObject({ exitCode: 0, stdout: '1.2.3\n', stderr: '' });
});

test('without a command the help is an error', async () => {
  const ran = await runCli([]);
  expect(ran).toMatchObject({ exitCode: 2, stdout: '' });
  expect(ran.stderr).toMatch(/^Usage: postgres-backup/);
  expect(ran.stderr).not.toContain('error:');
  expect((await runCli(['backup'])).exitCode).toBe(2);
});
