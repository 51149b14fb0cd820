import type { Drill } from '../../../../model';

/** A drill that passed, with something of everything in it. */
export function exampleDrill(changes: Partial<Drill> = {}): Drill {
  return {
    format: 'postgres-backup/drill/1',
    drill: '20261116T054000Z-bbbbbb',
    source: 'orders',
    component: 'dump',
    outcome: 'passed',
    startedAt: '2026-11-16T05:40:00.000Z',
    finishedAt: '2026-11-16T05:52:10.000Z',
    durationMs: 730_000,
    point: {
      point: '20261116T021003Z-4k2m9x',
      class: 'daily',
      startedAt: '2026-11-16T02:10:03.000Z',
      verification: 'passed',
      manifestSha256: 'ab'.repeat(32),
      storedBytes: 1_900_000_000,
      tables: 143,
      rows: 21_240_812,
    },
    versions: { source: '17.12', drill: '17.12', tool: '1.2.3' },
    where: { host: 'ip-10-0-1-17', user: 'postgres', task: '0123456789abcdef' },
    phases: [
      { database: null, name: 'server', durationMs: 2_000, summary: 'PostgreSQL 17.12' },
      { database: 'orders', name: 'schema', durationMs: 2_000, summary: '218 objects' },
      { database: 'orders', name: 'data', durationMs: 400_000, summary: '1.9 GB' },
      { database: 'orders', name: 'indexes, constraints', durationMs: 290_000, summary: '310 objects' },
    ],
    restoreMs: 692_000,
    recoveryTimeObjectiveSeconds: 14_400,
    databases: [
      {
        name: 'orders',
        comparisons: [
          { name: 'row counts', outcome: 'passed', compared: 143, findings: [] },
          { name: 'definitions', outcome: 'passed', compared: 900, findings: [] },
        ],
        leftOut: ['EVENT TRIGGER guard'],
      },
    ],
    checks: [
      { name: 'active tenants', database: null, expected: 'at least 1', outcome: 'passed', found: '412', finding: '' },
    ],
    issues: [],
    failure: null,
    warnings: [],
    previous: null,
    ...changes,
  };
}
