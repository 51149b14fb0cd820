import type { Outcome } from '../../../model';
import { formatNumberOf } from '../../observe/format';
import { printable } from '../../observe/printable';
import type { Style } from '../../observe/style';
import type { RecoveryCheck, RecoveryPlan } from '../../recover/types';
import type { Answer } from '../answer';
import { quoted } from './quoted';

/** `--json` of `recover` without a source. */
export interface SourcesDocument {
  readonly format: 'postgres-backup/sources/1';
  readonly outcome: Outcome;
  readonly vault: string;
  readonly sources: readonly string[];
}

/** `--json` of `recover`. */
export interface RecoveryDocument {
  readonly format: 'postgres-backup/recovery/1';
  readonly outcome: Outcome;
  readonly source: string;
  readonly vault: string;
  readonly set: string | null;
  readonly points: readonly { readonly component: string; readonly point: string }[];
  readonly checks: readonly RecoveryCheck[];
  readonly steps: readonly { readonly purpose: string; readonly command: string | null }[];
}

/** A vault without a source is most likely the wrong one. */
export function sourcesAnswer(vault: string, sources: readonly string[]): Answer {
  const outcome = sources.length > 0 ? 'passed' : 'failed';
  const summary = `${formatNumberOf(sources.length, 'source')} in ${printable(vault)}`;
  const document: SourcesDocument = { format: 'postgres-backup/sources/1', outcome, vault, sources };
  return {
    outcome,
    summary,
    lines: (style) =>
      sources.length > 0
        ? [summary, ...sources.map((name) => `  ${style.strong(name)}`), `Next: ${recoverCommand(vault, 'NAME')}`]
        : [`${style.bad('✗')} ${summary}: is it the right bucket and prefix?`],
    document,
  };
}

export function recoveryAnswer(plan: RecoveryPlan, vault: string): Answer {
  const { source, set, points, checks } = plan;
  const outcome = outcomeOf(checks);
  const steps = plan.steps.map(({ purpose, argv }) => ({
    purpose,
    command: argv && ['postgres-backup', ...argv, '--vault', vault, '--source', source].map(quoted).join(' '),
  }));
  const open = checks.filter((check) => check.outcome !== 'passed');
  const document: RecoveryDocument = {
    format: 'postgres-backup/recovery/1',
    outcome,
    source,
    vault,
    set,
    points: points.map(({ component, point }) => ({ component, point: point.manifest.point })),
    checks,
    steps,
  };
  return {
    outcome,
    summary: `${source}: ${open.length === 0 ? 'can be recovered from here' : `${formatNumberOf(open.length, 'thing')} to see to before it can be recovered from here`}`,
    lines: (style) => [
      `${style.strong(source)}  ${printable(vault)}  ${set === null ? 'the newest of each component' : `the set ${set}${points.every(({ inSet }) => inSet) ? '' : ', and the newest of what is in none'}`}`,
      ...checks.flatMap((check) => checkLines(check, style)),
      '',
      'What to type, in order:',
      ...steps.flatMap(({ purpose, command }, index) => [
        `  ${index + 1}. ${printable(purpose)}`,
        ...(command === null ? [] : [`     ${style.strong(printable(command))}`]),
      ]),
    ],
    document,
  };
}

function checkLines({ name, outcome, finding, hint }: RecoveryCheck, style: Style): string[] {
  const mark = { passed: style.good('✓'), failed: style.bad('✗') }[outcome as string] ?? style.unsure('?');
  return [
    `  ${mark} ${printable(name)}: ${printable(finding)}`,
    ...(hint ? [`      ${style.faint(printable(hint))}`] : []),
  ];
}

/** What is only not said yet is nothing that failed. */
function outcomeOf(checks: readonly RecoveryCheck[]): Outcome {
  if (checks.some(({ outcome }) => outcome === 'failed')) return 'failed';
  return checks.some(({ outcome }) => outcome === 'could not verify') ? 'could not verify' : 'passed';
}

function recoverCommand(vault: string, source: string): string {
  return `postgres-backup recover --vault ${quoted(vault)} --source ${source}`;
}
