import type { Outcome } from '../../../model';
import { formatDuration } from '../../observe/format';
import { printable } from '../../observe/printable';
import type { RestoredStep, RestoreSetReport, RestoreSetRequest } from '../../system/restore-set';
import type { Answer } from '../answer';
import { inColumns } from './columns';
import { quoted } from './quoted';

/** `--json` of `restore set`. */
export interface RestoreSetDocument {
  readonly format: 'postgres-backup/restore-set/1';
  readonly source: string;
  readonly set: string;
  readonly outcome: Outcome;
  readonly dryRun: boolean;
  readonly steps: readonly (RestoredStep | PlannedStep)[];
  readonly checks: RestoreSetReport['checks'];
  readonly notStarted: readonly string[];
}

interface PlannedStep {
  readonly name: string;
  /** `null` for what is no command of this program. */
  readonly command: string | null;
}

const COLUMNS = [
  { title: 'STEP' },
  { title: 'OUTCOME' },
  { title: 'TIME', align: 'right' },
  { title: 'DETAIL' },
] as const;

export function plannedSetAnswer(source: string, { set, services, steps }: RestoreSetRequest): Answer {
  const planned: PlannedStep[] = [
    ...services.map((service) => ({ name: `stop ${service}`, command: null })),
    ...steps.map(({ name, argv }) => ({ name, command: `postgres-backup ${argv.map(quoted).join(' ')}` })),
    { name: 'checks', command: null },
    ...services.map((service) => ({ name: `start ${service}`, command: null })),
  ];
  const summary = `${source}: set ${set} would be restored in ${planned.length} steps; nothing was changed`;
  return {
    outcome: 'passed',
    summary,
    lines: () => [
      ...planned.map(({ name, command }) => printable(command === null ? name : `${name}: ${command}`)),
      summary,
    ],
    document: documentOf({ source, set, outcome: 'passed', dryRun: true, steps: planned, checks: [], notStarted: [] }),
  };
}

export function restoredSetAnswer(source: string, report: RestoreSetReport): Answer {
  const { set, outcome, steps, checks, notStarted } = report;
  const done = steps.filter((step) => step.outcome === 'passed' || step.outcome === 'done before').length;
  const summary = `${source}: set ${set} ${outcome === 'passed' ? 'restored' : 'not restored'} · ${done} of ${steps.length} steps`;
  const rows = steps.map((step) => [
    printable(step.name),
    step.outcome,
    formatDuration(step.durationMs),
    printable(step.detail),
  ]);
  return {
    outcome,
    summary,
    lines: () => [
      ...inColumns(COLUMNS, rows),
      ...notStarted.map((service) => `${printable(service)} is still stopped: start it by hand`),
      ...(outcome === 'passed' ? [] : ['The same command goes on with what is not done.']),
      summary,
    ],
    document: documentOf({ source, set, outcome, dryRun: false, steps, checks, notStarted }),
  };
}

function documentOf(rest: Omit<RestoreSetDocument, 'format'>): RestoreSetDocument {
  return { format: 'postgres-backup/restore-set/1', ...rest };
}
