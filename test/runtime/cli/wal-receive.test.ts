/** The command that receives the log: what it asks for, what it tells while it runs, and how it ends. */
import { METRICS } from '../../../model';
import { BackupError } from '../../../runtime/errors';
import type { ReceiveContext, ReceiveReport, ReceiveRequest } from '../../../runtime/wal/receive/types';
import { runCli, TARGET } from './support/harness';

const REPORT: ReceiveReport = { segments: 12, partials: 340, interruptions: 1 };
const LOG = { POSTGRES_BACKUP_LOG: 'json' };

async function receive(
  argv: readonly string[] = [],
  env: NodeJS.ProcessEnv = {},
  work: (context: ReceiveContext) => Promise<ReceiveReport> = async () => REPORT,
) {
  const asked: ReceiveRequest[] = [];
  const wal = {
    receive: (request: ReceiveRequest, context: ReceiveContext) => {
      asked.push(request);
      return work(context);
    },
  };
  const ran = await runCli(['wal-receive', '--directory', '/receive', ...TARGET, ...argv], { env, wal });
  return { ...ran, asked };
}

test('unless told otherwise, a slot of the source’s name, parts every ten seconds, and an end at a gap', async () => {
  const { asked, exitCode, stdout } = await receive();
  expect(asked).toEqual([
    {
      source: 'orders',
      directory: '/receive',
      slotName: 'postgres_backup_orders',
      mode: 'asynchronous',
      partialEverySeconds: 10,
      mostUnarchivedBytes: 4 * 1024 ** 3,
      onGap: 'stop',
      stallSeconds: 60,
      lookEverySeconds: 5,
    },
  ]);
  expect(exitCode).toBe(0);
  expect(stdout).toBe('stopped: 12 segments and 340 partials archived, 1 interruptions\n');
});

test('what is stated is asked for', async () => {
  const argv = [
    '--slot',
    'mine',
    '--synchronous',
    '--partial-every',
    '2s',
    '--on-gap',
    'go-on',
    '--most-unarchived',
    '1',
  ];
  expect((await receive(argv)).asked).toMatchObject([
    {
      slotName: 'mine',
      mode: 'synchronous',
      partialEverySeconds: 2,
      onGap: 'go on',
      mostUnarchivedBytes: 1024 ** 3,
    },
  ]);
});

test('its figures are metrics while it runs; that it was interrupted, or has ended, is one too', async () => {
  const { stdout, exitCode } = await receive([], LOG, async (context) => {
    context.onLook({ lagSeconds: 2.5, lagBytes: 800, slotBytes: 16_000 });
    context.onInterruption(new BackupError('server-unreachable', 'gone'));
    throw new BackupError('wal-missing', 'a gap');
  });
  expect(exitCode).toBe(1);
  const told = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter((line) => METRICS.walReceiverStreaming.name in line);
  expect(told).toMatchObject([
    { Component: 'wal', Source: 'orders', WalReceiverStreaming: 1, WalReceiverLag: 2.5, WalReceiverBehind: 800 },
    { WalReceiverStreaming: 0 },
    { WalReceiverStreaming: 0 },
  ]);
  expect(told[0]).toMatchObject({ WalSlotRetained: 16_000 });
});

test.each([
  [['--slot', 'Mine'], /'--slot <name>' argument 'Mine' is invalid.*lower-case letters/],
  [['--on-gap', 'ignore'], /'--on-gap <what>' argument 'ignore' is invalid.*stop, go-on/],
  [['--partial-every', '0'], /'--partial-every <time>' argument '0' is invalid/],
])('%j is wrong usage', async (argv, message) => {
  const { exitCode, stderr, asked } = await receive(argv);
  expect(exitCode).toBe(2);
  expect(stderr).toMatch(message);
  expect(asked).toEqual([]);
});
