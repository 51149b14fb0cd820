/**
 * Restores an RDS instance, or an Aurora or Multi-AZ DB cluster, to a moment of the window that AWS keeps: AWS makes a new one, and it
 * is followed until it answers. Nothing is changed in its source. What is under way goes on without us; run again, it is followed on.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { BackupError } from '../../errors';
import { notKnown, openRdsClient } from '../rds-client';
import { follow } from './follow';
import { clusterRestorer } from './restore-cluster';
import { instanceRestorer } from './restore-instance';
import { differences } from './settings';
import { checkWindow } from './window';
import type {
  DescribedDatabase,
  ManagedMember,
  ManagedRestoreContext,
  ManagedRestoreReport,
  ManagedRestoreRequest,
  ManagedRestorer,
  ManagedTarget,
  RestorableDatabase,
} from './types';

const LOOK_EVERY_MS = 15_000;

/** With the region and the credentials of the environment. */
export async function restoreManagedHere(
  request: ManagedRestoreRequest,
  context: Omit<ManagedRestoreContext, 'client' | 'wait'>,
): Promise<ManagedRestoreReport> {
  const client = await openRdsClient();
  const wait = (signal: AbortSignal) =>
    sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
  return restoreManaged(request, { ...context, client, wait }).finally(() => client.destroy());
}

/**
 * @throws `database-missing` without such a source; `point-missing` for a moment out of its window; `target-not-empty` when there is
 * something of the new name that this restore did not begin; `restore-failed` with AWS's own word for how it failed.
 */
export async function restoreManaged(
  request: ManagedRestoreRequest,
  context: ManagedRestoreContext,
): Promise<ManagedRestoreReport> {
  const { kind, identifier, newIdentifier, target } = request;
  const { client, reporter, signal, now } = context;
  const begunAt = now();
  const restorer: ManagedRestorer =
    kind === 'instance' ? instanceRestorer(client, signal) : clusterRestorer(client, signal);
  const source = await asked(identifier, () => restorer.source(identifier));
  if (!source) throw noSource(request);
  const tags = marks(source, request);
  const found = await asked(newIdentifier, () => restorer.find(newIdentifier));
  if (found) requireOurs(found, tags);
  const warnings = [...source.warnings, ...(found ? followedOn(found, target) : checkWindow(source, target, now()))];
  for (const warning of warnings) reporter.warn(warning);

  const step = reporter.begin(`restoring ${newIdentifier}`, { detail: found ? found.status : 'asking AWS for it' });
  try {
    if (!found) await begin(request, () => restorer.begin(source, newIdentifier, target, tags));
    const look = async () => {
      const seen = await asked(newIdentifier, () => restorer.find(newIdentifier));
      if (seen) requireOurs(seen, tags);
      return seen;
    };
    await follow(`the ${kind} "${newIdentifier}"`, look, step, context);
    const member = await restorer.member?.(source, newIdentifier, tags);
    if (member) await followMember(request, member, step, context);
    // Once more: what becomes of it after it is there counts, too.
    const restored = await follow(`the ${kind} "${newIdentifier}"`, look, step, context);
    const { endpoint } = restored;
    if (!endpoint) throw new BackupError('restore-failed', `AWS does not say where "${newIdentifier}" answers`);
    const different = differences(source.settings, restored.settings);
    if (different.length > 0) step.failed('it stands, and is not set as its source is');
    else step.done(`${endpoint.host}:${endpoint.port}`);
    return {
      outcome: different.length > 0 ? 'failed' : 'passed',
      kind,
      database: identifier,
      newDatabase: newIdentifier,
      target: describeManagedTarget(target),
      begun: found ? 'before' : 'now',
      endpoint,
      differences: different,
      warnings,
      durationMs: now().getTime() - begunAt.getTime(),
    };
  } catch (thrown) {
    step.failed('not restored');
    if (signal.aborted) reporter.warn(`AWS goes on making "${newIdentifier}"; run the same command again to follow it`);
    throw thrown;
  }
}

async function followMember(
  request: ManagedRestoreRequest,
  member: ManagedMember,
  step: Parameters<typeof follow>[2],
  context: ManagedRestoreContext,
): Promise<void> {
  const look = () => asked(member.identifier, () => member.find());
  if (!(await look())) await begin(request, () => member.begin());
  await follow(`the instance "${member.identifier}"`, look, step, context);
}

const FROM_TAG = 'postgres-backup:restored-from';
const TO_TAG = 'postgres-backup:restored-to';

/** By them a later run knows what it may follow. */
function marks({ resourceId, identifier }: RestorableDatabase, { target }: ManagedRestoreRequest): Map<string, string> {
  return new Map([
    [FROM_TAG, resourceId ?? identifier],
    [TO_TAG, target.kind === 'latest' ? 'latest' : target.at.toISOString()],
  ]);
}

/** For people. */
export function describeManagedTarget(target: ManagedTarget): string {
  return target.kind === 'latest' ? 'the newest moment' : target.at.toISOString();
}

function requireOurs({ identifier, tags, createdAt }: DescribedDatabase, marked: ReadonlyMap<string, string>): void {
  if ([...marked].every(([name, value]) => tags.get(name) === value)) return;
  const made = createdAt ? `, made ${createdAt.toISOString()}` : '';
  const to = tags.get(TO_TAG);
  throw new BackupError('target-not-empty', `there is a database "${identifier}" already${made}`, {
    detail: to === undefined ? 'No restore of ours made it.' : `It was restored to ${to} from ${tags.get(FROM_TAG)}.`,
    hint: 'Give the new one another name: nothing is ever restored over a database. --to-time must be the same to follow a restore.',
  });
}

/** What was the newest moment then may be of long ago. */
function followedOn({ createdAt }: DescribedDatabase, target: ManagedTarget): readonly string[] {
  if (target.kind !== 'latest') return [];
  const then = createdAt ? `, made ${createdAt.toISOString()}` : '';
  return [`an earlier run began it${then}: the newest moment is that of then`];
}

/** AWS may have taken a request whose answer was lost: then there is one already, and whose it is shows at the next look. */
const ALREADY_THERE: ReadonlySet<string> = new Set(['DBInstanceAlreadyExistsFault', 'DBClusterAlreadyExistsFault']);

async function begin({ newIdentifier }: ManagedRestoreRequest, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (thrown) {
    const { name, message } = thrown instanceof Error ? thrown : { name: '', message: String(thrown) };
    if (ALREADY_THERE.has(name)) return;
    if (thrown instanceof BackupError) throw thrown;
    const denied = /AccessDenied|NotAuthorized|InvalidClientToken|SignatureDoesNotMatch/.test(name);
    throw new BackupError(
      denied ? 'store-denied' : 'restore-failed',
      `AWS did not begin to restore "${newIdentifier}"`,
      {
        detail: `${name}: ${message}`,
        hint: denied
          ? 'ManagedRestoreAccess gives the rights; the guide of point-in-time recovery lists them.'
          : 'Nothing was changed. Mend what it says and run again.',
        cause: thrown,
      },
    );
  }
}

async function asked<T>(identifier: string, question: () => Promise<T>): Promise<T> {
  try {
    return await question();
  } catch (thrown) {
    const { code, message, detail } = notKnown(`"${identifier}"`, thrown);
    throw new BackupError(code, message, {
      detail,
      hint:
        code === 'store-denied'
          ? 'ManagedRestoreAccess gives the rights; the guide of point-in-time recovery lists them.'
          : 'Run the same command again: what AWS has begun is followed on. If it stays so: AWS_REGION, and the health of Amazon RDS.',
      cause: thrown,
    });
  }
}

function noSource({ kind, identifier }: ManagedRestoreRequest): BackupError {
  return new BackupError('database-missing', `there is no ${kind} "${identifier}" here`, {
    hint: `AWS_REGION says in which region; aws rds describe-db-${kind}s lists them.`,
  });
}
