import type { Destination } from '../../../model';
import { BackupError } from '../../../runtime/errors';
import type { Notice } from '../../../runtime/notify/notice';
import { NOW, runCli, TARGET } from './support/harness';

const SLACK = ['--destination', 'slack', '--address-secret', 'acme/slack'];

test('a test message goes to the destination, and says whose it is', async () => {
  const sent: [Notice, Destination][] = [];
  const ran = await runCli(['test-alert', ...TARGET, ...SLACK], {
    sendNotice: async (notice, destination) => void sent.push([notice, destination]),
  });
  expect(ran).toMatchObject({ exitCode: 0, stdout: 'slack took the test message: look whether it is there\n' });
  expect(sent).toEqual([
    [
      {
        state: 'information',
        title: 'orders: this is a test. Alarms of its backups can be posted here',
        detail: 'Sent by hand to slack; nothing is wrong.',
        look: 'postgres-backup status --vault s3://acme-vault --source orders',
        at: NOW,
        origin: { source: 'orders' },
      },
      { kind: 'slack', secret: 'acme/slack' },
    ],
  ]);
});

test('one that is not taken fails the command', async () => {
  const ran = await runCli(['test-alert', ...TARGET, ...SLACK], {
    sendNotice: async () => {
      throw new BackupError('notification-failed', 'slack did not take the message', {
        detail: 'it answered 404: no_service; tried once',
      });
    },
  });
  expect(ran).toMatchObject({ exitCode: 1, stdout: '' });
  expect(ran.stderr).toContain('slack did not take the message');
  expect(ran.stderr).toContain('it answered 404: no_service; tried once');
});

test('for programs there is a document', async () => {
  const ran = await runCli(['test-alert', ...TARGET, ...SLACK, '--json'], { sendNotice: async () => undefined });
  expect(JSON.parse(ran.stdout)).toEqual({
    format: 'postgres-backup/notification/1',
    outcome: 'passed',
    source: 'orders',
    destination: 'slack',
  });
});

test.each([
  [['--address-secret', 'acme/slack'], 'no destination is given'],
  [['--destination', 'slack'], 'no secret with an address is given'],
  [['--destination', 'irc', '--address-secret', 'x'], "'irc' is invalid"],
  [['--destination', 'slack', '--address-secret', ' '], 'It is empty'],
])('%j is wrong usage, and nobody is told', async (options, problem) => {
  const ran = await runCli(['test-alert', ...TARGET, ...options]);
  expect(ran.exitCode).toBe(2);
  expect(ran.stderr).toContain(problem);
});
