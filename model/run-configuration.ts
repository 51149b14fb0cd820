import { COMPONENTS, type Component } from './component';

/**
 * What a person's laptop must know to start the deployed tasks. The constructs write it as a parameter of Systems Manager beside
 * the stack; `postgres-backup run` reads it. It names things and holds no secret.
 */
export const RUN_CONFIGURATION_FORMAT = 'postgres-backup/run-configuration/1';

export interface RunConfiguration {
  readonly format: typeof RUN_CONFIGURATION_FORMAT;
  /** ARN or name of the cluster. */
  readonly cluster: string;
  readonly tasks: readonly RunnableTask[];
}

export interface RunnableTask {
  readonly component: Component;
  /** Family: the newest revision is started. */
  readonly taskDefinition: string;
  /** The container that runs the program. */
  readonly container: string;
  readonly subnets: readonly string[];
  readonly securityGroups: readonly string[];
}

/** Name of the parameter: one for each source and vault. */
export function runConfigurationName(source: string, vaultUri: string): string {
  return `/postgres-backup/${source}/${vaultUri.replace(/^s3:\/\//, '')}`;
}

/** Says what is wrong with a configuration, such as one read from JSON, or nothing. */
export function runConfigurationProblem(value: unknown): string | undefined {
  if (!isRecord(value)) return `it is ${JSON.stringify(value)}, not an object`;
  if (value.format !== RUN_CONFIGURATION_FORMAT) return `its format is ${JSON.stringify(value.format)}`;
  if (!isText(value.cluster)) return `its cluster is ${JSON.stringify(value.cluster)}`;
  if (!Array.isArray(value.tasks) || value.tasks.length === 0) return 'it names no task';
  return (value.tasks as unknown[]).map(taskProblem).find((problem) => problem !== undefined);
}

function taskProblem(value: unknown): string | undefined {
  if (!isRecord(value)) return `a task is ${JSON.stringify(value)}, not an object`;
  const { component, taskDefinition, container, subnets, securityGroups } = value;
  if (!(COMPONENTS as readonly unknown[]).includes(component)) return `it has a task of ${JSON.stringify(component)}`;
  if (!isText(taskDefinition) || !isText(container)) return `the task of ${String(component)} is not named`;
  const lists = [subnets, securityGroups];
  return lists.every((list) => Array.isArray(list) && list.length > 0 && list.every(isText))
    ? undefined
    : `the task of ${String(component)} has no subnets or no security groups`;
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
