import { describeExpectation, type CheckExpectation, type DrilledCheck, type SqlCheck } from '../../model';
import { toBackupError } from '../errors';
import { formatDuration, formatNumberOf } from '../observe/format';
import { SqlError } from '../postgres/server-error';
import { openSession, type SqlSession } from '../postgres/session';
import type { OneDatabase } from './types';

/** One statement that takes longer says nothing. */
const STATEMENT_TIMEOUT_SECONDS = 600;

/** Asks the user's checks of a restored database: as a role that can only read, in a transaction that can only read. */
export async function carryOutChecks(drill: OneDatabase, name: string): Promise<DrilledCheck[]> {
  const { checks, phases, server, context, dumped } = drill;
  if (checks.length === 0) return [];
  return phases.run(dumped.name, 'checks', async (step) => {
    const session = await openSession(await server.checker.open(name), server.tools, { signal: context.signal });
    try {
      const done = await askChecks(checks, session, { ...context, onCheck: (check) => step.detail(check) });
      const passed = done.filter(({ outcome }) => outcome === 'passed').length;
      return [`${passed} of ${formatNumberOf(done.length, 'check')} passed`, done];
    } finally {
      await session.close();
    }
  });
}

/** Asks them one after the other, each in a transaction that can only read. */
export async function askChecks(
  checks: readonly SqlCheck[],
  session: SqlSession,
  {
    signal,
    now,
    onCheck,
  }: { readonly signal: AbortSignal; readonly now: () => Date; readonly onCheck: (name: string) => void },
): Promise<DrilledCheck[]> {
  // As an application sees it; the session's own path has the catalog alone.
  await session.execute('SET search_path = "$user", public');
  await session.execute(`SET statement_timeout = '${STATEMENT_TIMEOUT_SECONDS}s'`);
  await session.execute('SET default_transaction_read_only = on');
  const done: DrilledCheck[] = [];
  for (const check of checks) {
    signal.throwIfAborted();
    onCheck(check.name);
    done.push(await carryOut(check, session, now()));
  }
  return done;
}

async function carryOut(check: SqlCheck, session: SqlSession, now: Date): Promise<DrilledCheck> {
  const { name, database, expect } = check;
  const common = { name, database, expected: describeExpectation(expect) };
  await session.execute('BEGIN READ ONLY');
  try {
    return { ...common, ...(await judgeCheck(check, session, now)) };
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    const { message } = toBackupError(error);
    // 57014: the statement's time was over.
    if (error.sqlState === '57014') return { ...common, outcome: 'could not verify', found: null, finding: message };
    return { ...common, outcome: 'failed', found: null, finding: message };
  } finally {
    await session.execute('ROLLBACK');
  }
}

type Judged = Pick<DrilledCheck, 'outcome' | 'found' | 'finding'>;

async function judgeCheck({ sql, expect }: SqlCheck, session: SqlSession, now: Date): Promise<Judged> {
  const asked = sql.trim().replace(/;$/, '');
  if (expect.kind === 'returns rows' || expect.kind === 'returns no rows') {
    const [{ some }] = await session.query<{ some: boolean }>(`SELECT EXISTS (${asked}\n) AS some`);
    const found = some ? 'rows' : 'no rows';
    return some === (expect.kind === 'returns rows') ? passed(found) : failed(found, `it returns ${found}`);
  }
  const rows = await session.query<Cell>(`
    SELECT (SELECT count(*) FROM json_object_keys(row_to_json(answer))) AS columns, pg_typeof(answer.value)::text AS type,
           answer.value::text AS value FROM (${asked}\n) AS answer (value) LIMIT 2`);
  const cell = onlyCell(rows);
  return typeof cell === 'string' ? failed(null, cell) : compareValue(expect, cell, now);
}

interface Cell {
  readonly columns: number;
  readonly type: string;
  readonly value: string | null;
}

/** The one value, or why there is none: a check that compared nothing has not passed. */
function onlyCell(rows: readonly Cell[]): { readonly type: string; readonly value: string } | string {
  if (rows.length === 0) return 'it returns no row: nothing was compared';
  if (rows.length > 1) return 'it returns more than one row: it must give one value';
  const [{ columns, type, value }] = rows;
  if (columns !== 1) return `it returns ${columns} columns: it must give one value`;
  return value === null ? 'it gives NULL: nothing was compared' : { type, value };
}

function compareValue(
  expect: CheckExpectation,
  { type, value }: { readonly type: string; readonly value: string },
  now: Date,
): Judged {
  if ('seconds' in expect) return compareTime(expect.seconds, type, value, now);
  if ('text' in expect)
    return value === expect.text ? passed(value) : failed(value, `it gives ${JSON.stringify(value)}`);
  if (!('number' in expect)) return failed(value, 'nothing was compared');
  if (!NUMBERS.has(type)) return failed(value, `it gives a ${type}, not a number`);
  const number = Number(value);
  const holds = {
    'at least': number >= expect.number,
    'at most': number <= expect.number,
    equals: number === expect.number,
  }[expect.kind];
  return holds ? passed(value) : failed(value, `it gives ${value}`);
}

function compareTime(seconds: number, type: string, value: string, now: Date): Judged {
  if (!(type in TIMES)) return failed(value, `it gives a ${type}, not a time`);
  const at = Date.parse(TIMES[type](value.replace(' ', 'T')));
  if (Number.isNaN(at)) return failed(value, `it gives ${value}, which is no moment`);
  const age = now.getTime() - at;
  return age <= seconds * 1000
    ? passed(value)
    : failed(value, `it gives ${value}, which is ${formatDuration(age)} old`);
}

const NUMBERS: ReadonlySet<string> = new Set(['smallint', 'integer', 'bigint', 'numeric', 'real', 'double precision']);
/** By type: as ISO 8601. The session's time zone is UTC; so is what a time without a zone is taken for. */
const TIMES: Readonly<Record<string, (text: string) => string>> = {
  'timestamp with time zone': (text) => text.replace(/\+00$/, 'Z'),
  'timestamp without time zone': (text) => `${text}Z`,
  date: (text) => `${text}T00:00:00Z`,
};

function passed(found: string): Judged {
  return { outcome: 'passed', found, finding: '' };
}

function failed(found: string | null, finding: string): Judged {
  return { outcome: 'failed', found, finding };
}
