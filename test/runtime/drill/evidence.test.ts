/** What an auditor gets: what could be restored, what was proven, and whether the records are those that were written. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  drillKey,
  longestGapSeconds,
  pointId,
  reportKey,
  type Drill,
  type Evidence,
  type PointAddress,
} from '../../../model';
import { gatherEvidence, type EvidenceRequest } from '../../../runtime/drill/evidence/gather';
import { evidencePage } from '../../../runtime/drill/evidence/page';
import { lastRecord, writeDrill } from '../../../runtime/drill/records';
import { silentReporter } from '../../../runtime/observe/reporter';
import { runCli, TARGET } from '../cli/support/harness';
import { Vault } from '../observe/status/support/vault';
import { exampleDrill } from './support/example-drill';
import { exampleEvidence, HOSTILE } from './support/example-evidence';

/** Three days with backups, one of which failed its verification, and one day without. */
async function vaultWithHistory(): Promise<{ vault: Vault; points: PointAddress[] }> {
  const vault = new Vault('2026-11-16T02:00:00Z');
  const points: PointAddress[] = [];
  for (const day of ['16', '17', '19']) {
    const address = await vault.at(`2026-11-${day}T02:00:00Z`).succeed();
    await vault.verify(address, day === '17' ? 'failed' : 'passed');
    points.push(address);
  }
  vault.at('2026-11-20T00:00:00Z');
  return { vault, points };
}

async function gather(vault: Vault, request: Partial<EvidenceRequest> = {}): Promise<Evidence> {
  const context = {
    store: vault.store,
    reporter: silentReporter,
    signal: new AbortController().signal,
    now: () => vault.now,
  };
  return gatherEvidence({ source: 'orders', days: 90, ...request }, context);
}

async function addDrill(vault: Vault, id: string, point: string): Promise<void> {
  const drilled = exampleDrill().point;
  const previous = await lastRecord(vault.store, 'orders');
  const startedAt = `${id.slice(0, 4)}-${id.slice(4, 6)}-${id.slice(6, 8)}T05:00:00.000Z`;
  await writeDrill(
    vault.store,
    exampleDrill({ drill: id, startedAt, previous, point: drilled && { ...drilled, point } }),
  );
}

describe('what is gathered', () => {
  test('each moment, whether it could be restored, and which drill proved it', async () => {
    const { vault, points } = await vaultWithHistory();
    await addDrill(vault, '20261116T050000Z-aaaaaa', pointId(points[0]));
    const evidence = await gather(vault);
    expect(evidence.points.map(({ point, outcome, drill, kept }) => [point, outcome, drill?.outcome, kept])).toEqual([
      [pointId(points[2]), 'passed', undefined, true],
      [pointId(points[1]), 'failed', undefined, true],
      [pointId(points[0]), 'passed', 'passed', true],
    ]);
    expect(
      evidence.days.slice(-5).map(({ day, made, restorable, proven }) => [day.slice(8), made, restorable, proven]),
    ).toEqual([
      ['16', 1, 1, 1],
      ['17', 1, 0, 0],
      ['18', 0, 0, 0],
      ['19', 1, 1, 0],
      ['20', 0, 0, 0],
    ]);
    expect(evidence.days).toHaveLength(91);
    expect(evidence.drills[0]).toMatchObject({ comparisons: { passed: 2, of: 2 }, checks: { passed: 1, of: 1 } });
    expect(evidence.objectives).toMatchObject({ slowestRestoreMs: 692_000, recoveryTimeObjectiveSeconds: 14_400 });
    // From the 16th to the 19th: what failed its verification is no restorable moment.
    expect(Math.round((evidence.objectives.longestGapSeconds ?? 0) / 3600)).toBe(72);
    expect(evidence.chainProblems).toEqual([]);
  });

  test('what ended since is told of by the report of its day', async () => {
    const { vault } = await vaultWithHistory();
    const run = {
      point: '20261101T020000Z-zzzzzz',
      class: 'daily',
      outcome: 'passed',
      startedAt: '2026-11-01T02:00:00.000Z',
      endedAt: null,
      durationMs: 5,
      storedBytes: 7,
      objects: 1,
      items: 9,
      verification: 'passed',
      errors: [],
      warnings: [],
    };
    const report = { components: [{ component: 'dump', runs: [run] }] };
    const key = reportKey('orders', new Date('2026-11-02T00:00:00Z'), 'day');
    await vault.store.put(key, Buffer.from(JSON.stringify(report)));
    const evidence = await gather(vault);
    expect(evidence.points.at(-1)).toMatchObject({ point: run.point, outcome: 'passed', kept: false, items: 9 });
    expect((await gather(vault, { days: 10 })).points).toHaveLength(3);
  });

  test('a record that was changed is found, also one from before the period', async () => {
    const { vault, points } = await vaultWithHistory();
    for (const id of ['20251116T050000Z-aaaaaa', '20261116T050000Z-bbbbbb'])
      await addDrill(vault, id, pointId(points[0]));
    const forged = exampleDrill({
      drill: '20251116T050000Z-aaaaaa',
      startedAt: '2025-11-16T05:00:00.000Z',
      durationMs: 1,
    });
    await vault.store.put(drillKey('orders', forged.drill), Buffer.from(JSON.stringify(forged)));
    const evidence = await gather(vault);
    expect(evidence.drills).toHaveLength(1);
    expect(evidence.chainProblems).toEqual([expect.stringMatching(/20251116.*was changed since .*20261116/)]);
  });

  test('what is no record is told, and hides none of the others', async () => {
    const { vault, points } = await vaultWithHistory();
    await addDrill(vault, '20261116T050000Z-aaaaaa', pointId(points[0]));
    await vault.store.put(drillKey('orders', '20261117T050000Z-bbbbbb'), Buffer.from('{}'));
    const evidence = await gather(vault);
    expect(evidence.drills).toHaveLength(1);
    expect(evidence.chainProblems).toEqual([expect.stringMatching(/20261117.* is no record of a drill/)]);
  });

  test('a drill of an old point that somebody asked for proves that point, and is shown as such', async () => {
    const { vault, points } = await vaultWithHistory();
    const old = { ...exampleDrill().point, point: pointId(points[0]) } as Drill['point'];
    const insteadOf = pointId(points[2]);
    const drill = '20261119T050000Z-aaaaaa';
    await writeDrill(
      vault.store,
      exampleDrill({ drill, startedAt: '2026-11-19T05:00:00.000Z', point: old, insteadOf }),
    );
    const evidence = await gather(vault);
    expect(evidence.drills[0].scope).toBe(`asked for, when ${insteadOf} was newer`);
    expect(evidence.points.map(({ drill: made }) => made?.outcome)).toEqual([undefined, undefined, 'passed']);
  });

  test('the longest gap reaches to now, and there is none without a restorable moment', () => {
    const [point] = exampleEvidence().points;
    const at = (startedAt: string) => ({ ...point, startedAt, outcome: 'passed' as const });
    const to = new Date('2026-11-03T00:00:00Z');
    expect(longestGapSeconds([at('2026-11-02T00:00:00Z'), at('2026-11-02T06:00:00Z')], to)).toBe(18 * 3600);
    expect(longestGapSeconds([{ ...point, outcome: 'failed' }], to)).toBeNull();
  });
});

describe('the command', () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'postgres-backup-test-'));
  });

  afterEach(() => rm(directory, { recursive: true, force: true }));

  test('writes the page, and says in a line what is in it', async () => {
    const file = path.join(directory, 'evidence.html');
    const asked: EvidenceRequest[] = [];
    const drills = {
      evidence: async (request: EvidenceRequest) => (asked.push(request), exampleEvidence({ chainProblems: [] })),
    };
    const ran = await runCli(
      ['evidence', ...TARGET, '--days', '30', '--html', file, '--recovery-point-objective', '2h'],
      { drills },
    );
    expect(asked).toEqual([{ source: 'orders', days: 30, recoveryPointObjectiveSeconds: 7200 }]);
    expect(ran.stdout).toContain('orders: 3 days · 1 of 2 recovery points restorable · 1 of 2 drills passed');
    expect(await readFile(file, 'utf8')).toMatch(/^<!doctype html>/);
    expect(ran.exitCode).toBe(0);
  });

  test.each([
    ['a broken chain', { chainProblems: ['a record is gone'] }, 1],
    ['nothing proven', { drills: [] }, 3],
    [
      'an objective that was missed',
      { objectives: { ...exampleEvidence().objectives, recoveryPointObjectiveSeconds: 60 } },
      4,
    ],
  ])('%s is told by the exit code', async (_what, changes, exitCode) => {
    const made = exampleEvidence({ chainProblems: [], ...changes });
    expect((await runCli(['evidence', ...TARGET], { drills: { evidence: async () => made } })).exitCode).toBe(exitCode);
  });

  test('a file that cannot be written is named', async () => {
    const file = path.join(directory, 'nowhere', 'evidence.html');
    const ran = await runCli(['evidence', ...TARGET, '--html', file], {
      drills: { evidence: async () => exampleEvidence() },
    });
    expect(ran.stderr).toContain(`the page cannot be written to ${file}`);
    expect(ran.exitCode).toBe(1);
  });
});

describe('the page', () => {
  const page = evidencePage(exampleEvidence());

  test('needs nothing else: no script, nothing from elsewhere', () => {
    expect(page).not.toMatch(/<(script|link|img|iframe|object|embed|form)\b|\bon\w+=|url\(|@import|https?:\/\//i);
    expect(page).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`);
  });

  test('is well-formed', () => {
    expect(unbalanced(page)).toEqual([]);
  });

  test('what a record says is text, whatever it says', () => {
    expect(HOSTILE).toContain('<script>');
    expect(page).toContain('&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;&quot;');
  });

  test('holds every day, drill, digest, issue, problem and moment', () => {
    const { days, drills, points, chainProblems } = exampleEvidence();
    const text = page
      .replaceAll('&quot;', '"')
      .replaceAll('&#39;', "'")
      .replaceAll('&lt;', '<')
      .replaceAll('&gt;', '>')
      .replaceAll('&amp;', '&');
    for (const { day, restorable, made } of days) expect(text).toContain(`${day.slice(5)}<b>${restorable}/${made}</b>`);
    for (const { drill, sha256, key, issues } of drills)
      for (const word of [drill, sha256, key, ...issues]) expect(text).toContain(word);
    for (const { point } of points) expect(text).toContain(point);
    for (const problem of chainProblems) expect(text).toContain(problem);
    expect(text).toContain('longest time without a restorable moment (objective 1 h)');
    expect(text).toContain('slowest restore in a drill (objective 4 h)');
  });

  test('a period in which nothing was proven says so', () => {
    const empty = evidencePage(exampleEvidence({ drills: [], points: [], chainProblems: [] }));
    expect(empty).toContain('None in this period: nothing was proven.');
    expect(unbalanced(empty)).toEqual([]);
  });
});

/** Tags that are not closed, or closed without being open. */
function unbalanced(page: string): string[] {
  const open: string[] = [];
  const wrong: string[] = [];
  for (const [, slash, name] of page.replace(/<!doctype html>/, '').matchAll(/<(\/?)([a-z][a-z0-9]*)\b[^<>]*>/g)) {
    if (['meta', 'br'].includes(name)) continue;
    if (slash === '') open.push(name);
    else if (open.pop() !== name) wrong.push(name);
  }
  return [...wrong, ...open];
}
