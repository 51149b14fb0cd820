/** Whatever process of a backup dies, at whatever byte: no recovery point, a failure that says who died, and the next run is as if nothing had been. */
import path from 'node:path';
import type { DumpResult } from '../../runtime/components/dump/types';
import { findZstd } from '../../runtime/postgres/zstd';
import { runCli, startCli, type RunningCli } from '../support/cli';
import { failureOf } from '../support/failure-of';
import { Lab } from '../support/lab';
import { processTree, until } from '../support/processes';
import { Seeded } from '../support/seeded';
import { brokenPgDump, brokenZstd } from '../support/tool-directory';

let lab: Lab;
const environment = { ...process.env };

beforeAll(async () => {
  lab = await Lab.start();
  await lab.database(
    'small',
    `CREATE TABLE t AS SELECT i, md5(i::text) AS h FROM generate_series(1, 400) i; SELECT lo_from_bytea(1, '\\x00')`,
  );
  await lab.database(
    'large',
    `CREATE TABLE t AS SELECT i, md5(i::text) || md5((-i)::text) AS h FROM generate_series(1, 600000) i;
    CREATE TABLE u AS SELECT * FROM t LIMIT 1000`,
  );
});

afterAll(() => lab.stop());
afterEach(() => {
  process.env = { ...environment };
});

async function manifests(): Promise<string[]> {
  return (await lab.keys()).filter((key) => key.endsWith('/manifest.json'));
}

/** Uploads that were begun and neither completed nor given up, by key. */
function openUploads(): string[] {
  const open = new Map<string, number>();
  const change: Record<string, number> = {
    CreateMultipartUpload: 1,
    CompleteMultipartUpload: -1,
    AbortMultipartUpload: -1,
  };
  for (const { operation, key = '', status } of lab.requests) {
    if (status >= 200 && status < 300 && operation in change) open.set(key, (open.get(key) ?? 0) + change[operation]);
  }
  return [...open].flatMap(([key, count]) => (count > 0 ? [key] : []));
}

async function expectNoPoint(work: Promise<DumpResult>): Promise<ReturnType<typeof failureOf>> {
  const before = await manifests();
  const failure = await failureOf(work);
  expect(await manifests()).toEqual(before);
  expect(openUploads()).toEqual([]);
  return failure;
}

describe('a dump killed at any byte leaves no recovery point', () => {
  const random = new Seeded(20261120);
  const offsets = [0, 1, 4096, ...Array.from({ length: 7 }, () => random.below(40_000))];

  it.each(offsets)('pg_dump killed after %i bytes of rows', async (offset) => {
    process.env.POSTGRES_BACKUP_PG_BINDIR = await brokenPgDump(
      lab.tools,
      path.join(lab.directory, `pg-dump-${offset}`),
      `case "$*" in *--section=data*) real "$@" | head -c ${offset}; kill -9 $$;; *) real "$@";; esac`,
    );
    const failure = await expectNoPoint(lab.backup('small'));
    expect(failure.code).toBe('dump-failed');
    expect(failure.message).toMatch(/pg_dump of "small" was ended by SIGKILL/);
  });

  it('pg_dump killed after its last byte', async () => {
    process.env.POSTGRES_BACKUP_PG_BINDIR = await brokenPgDump(
      lab.tools,
      path.join(lab.directory, 'last'),
      'real "$@"; kill -9 $$',
    );
    expect((await expectNoPoint(lab.backup('small'))).message).toMatch(/ended by SIGKILL/);
  });

  it('pg_dump killed after its last byte, when all of a large upload has been received', async () => {
    lab.requests.length = 0;
    const script = 'case "$*" in *--section=data*) real "$@"; kill -9 $$;; *) real "$@";; esac';
    process.env.POSTGRES_BACKUP_PG_BINDIR = await brokenPgDump(lab.tools, path.join(lab.directory, 'large'), script);
    expect((await expectNoPoint(lab.backup('large'))).message).toMatch(/ended by SIGKILL/);
    expect(lab.requests.some(({ operation }) => operation === 'UploadPart')).toBe(true);
  });

  it('pg_dump that ends with 0 and half an archive is found by reading it', async () => {
    process.env.POSTGRES_BACKUP_PG_BINDIR = await brokenPgDump(
      lab.tools,
      path.join(lab.directory, 'half'),
      'case "$*" in *--section=data*) real "$@" | head -c 9000; exit 0;; *) real "$@";; esac',
    );
    const point = await lab.point('small');
    process.env = { ...environment };
    const report = await lab.verify(point, 'read');
    expect(report.outcome).toBe('failed');
    expect(report.objects.map(({ finding }) => finding).join()).toMatch(/archive is damaged: it ends/);
  });

  it('the compressor killed half-way', async () => {
    const real = (await findZstd()).program;
    const directory = await brokenZstd(real, path.join(lab.directory, 'zstd'), 'real "$@" | head -c 3000; kill -9 $$');
    process.env.PATH = `${directory}:${process.env.PATH}`;
    expect((await expectNoPoint(lab.backup('small'))).message).toMatch(/zstd of "small" was ended by SIGKILL/);
  });

  it('the run after them is as if nothing had been', async () => {
    const point = await lab.point('small');
    expect((await lab.verify(point, 'read')).outcome).toBe('passed');
    expect(point.manifest.totals.rows).toBe(400);
  });
});

describe('a backup that is ended from outside', () => {
  const started: RunningCli[] = [];

  // Of a test that failed, too, nothing runs on.
  afterEach(async () => {
    for (const run of started.splice(0)) {
      run.child.kill('SIGKILL');
      await run.ended;
    }
  });

  /** A dump that pauses when more than a part of it is on its way, for as long as the program that started it lives. */
  async function startedDump(): Promise<RunningCli> {
    lab.requests.length = 0;
    const pause = 'head -c 30000000; while kill -0 $PPID; do sleep 0.1; done; cat';
    // Without its stderr: what outlives the shell must not keep the program waiting for more of it.
    const pausing = `case "$*" in *--section=data*) exec 2>/dev/null; real "$@" | { ${pause}; };; *) real "$@";; esac`;
    const directory = path.join(lab.directory, `pausing-${process.hrtime.bigint()}`);
    const bindir = await brokenPgDump(lab.tools, directory, pausing);
    const run = startCli(
      lab,
      ['backup', 'dump', '--json'],
      { database: 'large' },
      { POSTGRES_BACKUP_PG_BINDIR: bindir },
    );
    started.push(run);
    await until('rows arrive in the vault', () =>
      lab.requests.some(({ operation, status }) => operation === 'UploadPart' && status === 200),
    );
    return run;
  }

  it('kill -9 of the whole program: no manifest, no child left, and the next run works', async () => {
    const before = await manifests();
    const run = await startedDump();
    const children = (await processTree(run.pid)).map(({ pid }) => pid);
    expect(children.length).toBeGreaterThan(2);
    process.kill(run.pid, 'SIGKILL');
    expect((await run.ended).signal).toBe('SIGKILL');
    await until('its children end', async () => (await Promise.all(children.map(processTree))).flat().length === 0);
    expect(await manifests()).toEqual(before);

    const next = await runCli(lab, ['backup', 'dump', '--json'], { database: 'large' });
    expect(next.code).toBe(0);
    expect(await manifests()).toHaveLength(before.length + 1);
  });

  it('SIGTERM: ends within 25 s with a failure record and no open upload', async () => {
    const before = await lab.keys();
    const run = await startedDump();
    const began = Date.now();
    process.kill(run.pid, 'SIGTERM');
    const end = await run.ended;
    expect(Date.now() - began).toBeLessThan(25_000);
    expect(end.code).toBe(1);
    expect(JSON.parse(end.stdout)).toMatchObject({ outcome: 'failed', error: { code: 'terminated' } });
    const added = (await lab.keys()).filter((key) => !before.includes(key));
    expect(added.some((key) => key.endsWith('manifest.json'))).toBe(false);
    expect(openUploads()).toEqual([]);
    const record = added.find((key) => key.endsWith('failure.json')) ?? 'no failure record';
    expect(JSON.parse(await lab.text(record))).toMatchObject({ code: 'terminated' });
  });

  it('a deadline: the same, with its own code', async () => {
    lab.requests.length = 0;
    const lock = lab.withSession('large', async (session) => {
      await session.execute('BEGIN');
      await session.execute('LOCK TABLE public.u IN ACCESS EXCLUSIVE MODE');
      return runCli(lab, ['backup', 'dump', '--json', '--deadline', '3'], { database: 'large' });
    });
    const end = await lock;
    expect(end.code).toBe(1);
    expect(JSON.parse(end.stdout)).toMatchObject({ error: { code: 'deadline-exceeded' } });
    expect(lab.requests.some(({ key }) => key?.endsWith('failure.json'))).toBe(true);
    expect(openUploads()).toEqual([]);
  });
});
