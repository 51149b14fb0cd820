/** The queries of docs/audit.md ask for what the program writes: run by run, their fields and events are looked for in real lines. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { pointPrefix, type PointAddress } from '../../model';
import { BackupError } from '../../runtime/errors';
import { deliver } from '../../runtime/notify/deliver';
import { handleReport } from '../../runtime/observe/report/handle-report';
import { publishFreshness } from '../../runtime/observe/status/publish-freshness';
import { handleVerification } from '../../runtime/verification/verifier';
import { readSettings } from '../../runtime/verification/settings';
import { ENVIRONMENT } from '../../model';
import { runCli, TARGET } from '../runtime/cli/support/harness';
import { alarmMessage, topicEvent } from '../runtime/notify/alarms';
import { Vault } from '../runtime/observe/status/support/vault';
import { clockedStore, storePoint } from '../runtime/verification/support';

type Line = Readonly<Record<string, unknown>>;

const GUIDE = readFileSync(path.join(__dirname, '../../docs/audit.md'), 'utf8');
const QUERIES = [...GUIDE.matchAll(/```insights\n([^]*?)```/g)].map(([, query]) => query.trim());
const KEYWORDS = new Set(
  'fields filter sort stats desc asc and or in not by as like count sum max min avg bin'.split(' '),
);
/** What CloudWatch and the Lambda platform add of themselves. */
const OF_THE_PLATFORM = new Set(['@timestamp', '@log', 'errorType', 'errorMessage']);

let lines: Line[] = [];

beforeAll(async () => {
  const written: string[] = [];
  const write = (line: string) => void written.push(line);
  for (const part of [runs, freshness, verifications, notifications, restores]) await part(write);
  lines = written
    .flatMap((text) => text.split('\n'))
    .flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as Line] : []));
});

type Write = (line: string) => void;

async function runs(write: Write): Promise<void> {
  const vault = new Vault('2026-11-20T02:00:00Z');
  const good = await vault.succeed();
  await vault.verify(good);
  const failed = await vault.at('2026-11-20T03:00:00Z').fail({ class: 'hourly' });
  const handle = (event: unknown, heartbeat: () => Promise<void> = async () => undefined) =>
    handleReport(event, {
      settings: {
        vaultUri: 's3://acme-vault',
        vault: { bucket: 'acme-vault', prefix: '' },
        source: 'orders',
        components: ['dump'],
        objectives: { newestSeconds: 93_600, newestVerifiedSeconds: 97_200 },
        dailySummary: 'never',
        topic: 'arn:aws:sns:eu-central-1:111122223333:alarms',
      },
      store: vault.store,
      write,
      now: () => vault.now,
      sendHeartbeat: heartbeat,
      publish: async () => undefined,
    });
  const record = (address: PointAddress, name: string) => ({
    'detail-type': 'Object Created',
    detail: { bucket: { name: 'acme-vault' }, object: { key: `${pointPrefix(address)}${name}` } },
  });
  await handle(record(good, 'verification.json'));
  await handle(record(failed, 'failure.json'), async () => {
    throw new BackupError('notification-failed', 'it did not take the message', { detail: '500', hint: 'Wait.' });
  }).catch(() => undefined);
  const task = {
    taskArn: 'arn:aws:ecs:eu-central-1:111122223333:task/backup/0123',
    taskDefinitionArn: 'arn:aws:ecs:eu-central-1:111122223333:task-definition/backup:7',
    lastStatus: 'STOPPED',
    stopCode: 'TaskFailedToStart',
    stoppedReason: 'CannotPullContainerError',
    startedBy: 'chronos-schedule/orders',
    createdAt: '2026-11-20T02:00:01.000Z',
    startedAt: '2026-11-20T02:00:30.000Z',
    stoppedAt: '2026-11-20T02:01:00.000Z',
    containers: [{ exitCode: 1 }],
  };
  await handle({ action: 'task', component: 'dump', detail: task });
}

async function freshness(write: Write): Promise<void> {
  const publish = (keyState: () => Promise<string>) =>
    publishFreshness({
      store: new Vault('2026-11-20T02:00:00Z').store,
      source: 'orders',
      components: ['dump'],
      now: () => new Date('2026-11-20T03:00:00Z'),
      write,
      keyState,
    });
  await publish(async () => 'Disabled');
  await publish(async () => {
    throw new BackupError('store-denied', 'it cannot be found out', { detail: 'AccessDenied' });
  }).catch(() => undefined);
}

async function verifications(write: Write): Promise<void> {
  const { store } = clockedStore();
  const { prefix, manifest } = await storePoint(store);
  store.delete(manifest.databases[0].data[0].object.key);
  await handleVerification(
    {
      'detail-type': 'Object Created',
      detail: { bucket: { name: 'acme-vault' }, object: { key: `${prefix}manifest.json` } },
    },
    {
      settings: readSettings({
        [ENVIRONMENT.vault]: 's3://acme-vault',
        [ENVIRONMENT.source]: 'orders',
        POSTGRES_BACKUP_COMPONENT: 'dump',
        POSTGRES_BACKUP_COMPONENTS: '["dump"]',
      }),
      store,
      write,
      now: () => new Date('2026-11-20T03:00:00Z'),
      remainingMs: () => 600_000,
    },
  );
}

async function notifications(write: Write): Promise<void> {
  const send = async (_notice: unknown, { kind }: { kind: string }) => {
    if (kind === 'teams') throw new BackupError('notification-failed', 'teams did not take it', { detail: '500' });
  };
  const destinations = [
    { kind: 'slack', secret: 'slack' },
    { kind: 'teams', secret: 'teams' },
  ] as const;
  const now = () => new Date('2026-11-20T03:00:00Z');
  await deliver(topicEvent(alarmMessage()), { destinations, send, delivered: new Set(), write, now }).catch(
    () => undefined,
  );
}

async function restores(write: Write): Promise<void> {
  const env = { PGDATABASE: 'orders', POSTGRES_BACKUP_LOG: 'json' };
  const restore = async () => {
    throw new BackupError('restore-failed', 'pg_restore ended with 1');
  };
  const args = ['restore', 'latest', ...TARGET, '--database', 'orders'];
  write((await runCli(args, { env })).stderr);
  write((await runCli(args, { env, dump: { restore } })).stderr);
}

/** The events that a query is about; none where it asks for all. */
function eventsOf(query: string): string[] {
  const [, list] = /event (?:=|in) (\[[^\]]*\]|"[^"]*")/.exec(query) ?? [];
  return [...(list ?? '').matchAll(/"([^"]*)"/g)].map(([, name]) => name);
}

function fieldsOf(query: string): string[] {
  const made = [...query.matchAll(/\bas (\w+)/g)].map(([, name]) => name);
  const words = query.replace(/"[^"]*"/g, '').match(/@?[A-Za-z_][\w]*/g) ?? [];
  return [...new Set(words)].filter(
    (word) => !KEYWORDS.has(word) && !made.includes(word) && !OF_THE_PLATFORM.has(word) && word !== 'd',
  );
}

test('there are queries for every kind of question', () => {
  expect(QUERIES.length).toBeGreaterThan(9);
});

test.each(QUERIES.map((query) => [query]))('what is asked for is written: %s', (query) => {
  const events = eventsOf(query);
  const about = events.length === 0 ? lines : lines.filter(({ event }) => events.includes(String(event)));
  expect(events.filter((name) => !about.some(({ event }) => event === name))).toEqual([]);
  const fields = fieldsOf(query);
  expect(fields.length).toBeGreaterThan(1);
  expect(fields.filter((field) => !about.some((line) => line[field] !== undefined))).toEqual([]);
});

test('the values that queries compare with are written', () => {
  const compared = QUERIES.flatMap((query) => [...query.matchAll(/(\w+) = "([^"]*)"/g)]);
  const never = compared.filter(([, field, value]) => !lines.some((line) => line[field] === value));
  expect(never.map(([text]) => text)).toEqual([]);
});
