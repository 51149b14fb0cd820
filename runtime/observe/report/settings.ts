import {
  ENVIRONMENT,
  FUNCTION_ENVIRONMENT,
  sourceNameProblem,
  SUMMARY_RULES,
  type Component,
  type Objectives,
  type RunbookFacts,
  type SummaryRule,
} from '../../../model';
import { readComponents } from '../../component-list';
import { usageError } from '../../errors';
import { parseRunbookFacts } from '../../system/gather-runbook';
import { parseVaultUri, type VaultLocation } from '../../store/vault-uri';

/** What the reporting function is told through its environment. */
export interface ReportSettings {
  readonly vaultUri: string;
  readonly vault: VaultLocation;
  readonly source: string;
  /** What must be there. */
  readonly components: readonly Component[];
  readonly objectives: Objectives;
  readonly dailySummary: SummaryRule;
  /** ARN of the topic that summaries are published to. */
  readonly topic: string;
  /** ARN or name of the secret with the address of a dead man's switch. */
  readonly heartbeatSecret?: string;
  /** What the stack alone knows of a restore. */
  readonly runbook?: RunbookFacts;
}

/** Throws a usage error that names the variable: a function that guesses would report on the wrong thing. */
export function readReportSettings(env: NodeJS.ProcessEnv): ReportSettings {
  const vaultUri = required(env, ENVIRONMENT.vault);
  const source = required(env, ENVIRONMENT.source);
  const runbook = env[FUNCTION_ENVIRONMENT.runbook];
  const problem = sourceNameProblem(source);
  if (problem) throw wrong(ENVIRONMENT.source, source, problem);
  return {
    vaultUri,
    vault: parseVaultUri(vaultUri),
    source,
    components: readComponents(env),
    objectives: objectivesIn(required(env, FUNCTION_ENVIRONMENT.objectives)),
    dailySummary: summaryRuleIn(required(env, FUNCTION_ENVIRONMENT.dailySummary)),
    topic: required(env, FUNCTION_ENVIRONMENT.topic),
    heartbeatSecret: env[FUNCTION_ENVIRONMENT.heartbeat] || undefined,
    ...(runbook && { runbook: parseRunbookFacts(runbook, FUNCTION_ENVIRONMENT.runbook) }),
  };
}

function objectivesIn(text: string): Objectives {
  const value = parseJson(text) as Partial<Objectives> | null | undefined;
  const { newestSeconds, newestVerifiedSeconds } = value ?? {};
  if (isAge(newestSeconds) && isAge(newestVerifiedSeconds)) return { newestSeconds, newestVerifiedSeconds };
  throw wrong(
    FUNCTION_ENVIRONMENT.objectives,
    text,
    'give JSON such as {"newestSeconds":93600,"newestVerifiedSeconds":97200}',
  );
}

function summaryRuleIn(text: string): SummaryRule {
  const rule = SUMMARY_RULES.find((known) => known === text);
  if (!rule) throw wrong(FUNCTION_ENVIRONMENT.dailySummary, text, `give one of: ${SUMMARY_RULES.join(', ')}`);
  return rule;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Told by the caller, with the variable's name.
    return undefined;
  }
}

function isAge(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0;
}

function required(env: NodeJS.ProcessEnv, variable: string): string {
  const value = env[variable];
  if (value === undefined || value === '') throw usageError(`environment variable ${variable} is not set`);
  return value;
}

function wrong(variable: string, value: string, hint: string) {
  return usageError(`environment variable ${variable} is ${JSON.stringify(value)}`, hint);
}
