import type { Evidence } from '../../../../model';

/** What a check's name or a tool's words may hold. */
export const HOSTILE = `<script>alert('1')</script>&"`;

export function exampleEvidence(changes: Partial<Evidence> = {}): Evidence {
  return {
    format: 'postgres-backup/evidence/1',
    source: 'orders',
    vault: 's3://acme-vault',
    at: '2026-11-18T08:00:00.000Z',
    from: '2026-11-16T08:00:00.000Z',
    days: [
      { day: '2026-11-16', made: 2, restorable: 2, failed: 0, proven: 1 },
      { day: '2026-11-17', made: 1, restorable: 0, failed: 1, proven: 0 },
      { day: '2026-11-18', made: 2, restorable: 1, failed: 0, proven: 0 },
    ],
    points: [
      {
        point: '20261118T021003Z-4k2m9x',
        class: 'daily',
        startedAt: '2026-11-18T02:10:03.000Z',
        outcome: 'passed',
        storedBytes: 1_900_000_000,
        items: 21_240_812,
        durationMs: 190_000,
        kept: true,
        drill: { drill: '20261118T054000Z-bbbbbb', outcome: 'passed' },
      },
      {
        point: '20261117T021003Z-5k2m9x',
        class: 'hourly',
        startedAt: '2026-11-17T02:10:03.000Z',
        outcome: 'failed',
        storedBytes: null,
        items: null,
        durationMs: null,
        kept: false,
        drill: null,
      },
    ],
    drills: [
      {
        drill: '20261118T054000Z-bbbbbb',
        component: 'dump',
        scope: '',
        key: 'orders/drills/2026/11/18/20261118T054000Z-bbbbbb/drill.json',
        sha256: 'ab'.repeat(32),
        startedAt: '2026-11-18T05:40:00.000Z',
        outcome: 'passed',
        point: '20261118T021003Z-4k2m9x',
        restoreMs: 692_000,
        recoveryTimeObjectiveSeconds: 14_400,
        comparisons: { passed: 9, of: 9 },
        checks: { passed: 2, of: 2 },
        issues: [],
      },
      {
        drill: '20261117T054000Z-aaaaaa',
        component: 'dump',
        scope: '',
        key: 'orders/drills/2026/11/17/20261117T054000Z-aaaaaa/drill.json',
        sha256: 'cd'.repeat(32),
        startedAt: '2026-11-17T05:40:00.000Z',
        outcome: 'failed',
        point: '20261117T021003Z-5k2m9x',
        restoreMs: 700_000,
        recoveryTimeObjectiveSeconds: 14_400,
        comparisons: { passed: 8, of: 9 },
        checks: { passed: 1, of: 2 },
        issues: [`check ${HOSTILE}: it gives NULL: nothing was compared`],
      },
    ],
    chainProblems: ['orders/drills/2026/11/10/20261110T054000Z-cccccc/drill.json is gone'],
    objectives: {
      longestGapSeconds: 3000,
      recoveryPointObjectiveSeconds: 3600,
      slowestRestoreMs: 692_000,
      recoveryTimeObjectiveSeconds: 14_400,
    },
    tool: { name: 'postgres-backup', version: '1.2.3' },
    ...changes,
  };
}
