/** Every permission that a template gives, one row for each action. */
import type { Template } from 'aws-cdk-lib/assertions';

export interface Permission {
  /** Logical id of what holds the policy. */
  readonly holder: string;
  readonly action: string;
  readonly resource: string;
}

interface Statement {
  readonly Effect: string;
  readonly Action?: string | string[];
  readonly NotAction?: unknown;
  readonly Resource?: unknown;
  readonly Principal?: unknown;
}

/** All `Allow` statements of all policy documents, wherever in a resource they stand. */
export function permissions(template: Template | { Resources?: Record<string, unknown> }): Permission[] {
  const json = 'toJSON' in template ? (template.toJSON() as { Resources?: Record<string, unknown> }) : template;
  return Object.entries(json.Resources ?? {}).flatMap(([holder, resource]) =>
    statementsIn(resource).flatMap((statement) => {
      if (statement.Effect !== 'Allow') return [];
      if (statement.NotAction !== undefined) throw new Error(`${holder} allows all actions but some`);
      return list(statement.Action).map((action) => ({
        holder,
        action,
        resource: JSON.stringify(statement.Resource ?? null),
      }));
    }),
  );
}

function statementsIn(value: unknown): Statement[] {
  if (Array.isArray(value)) return value.flatMap(statementsIn);
  if (typeof value !== 'object' || value === null) return [];
  const nested = Object.values(value).flatMap(statementsIn);
  return isStatement(value) ? [value, ...nested] : nested;
}

function isStatement(value: object): value is Statement {
  return 'Effect' in value && ('Action' in value || 'NotAction' in value);
}

function list(value: string | string[] | undefined): string[] {
  return value === undefined ? [] : Array.isArray(value) ? value : [value];
}
