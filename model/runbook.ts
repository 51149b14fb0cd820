import { reportsPrefix } from './report';

/**
 * The runbook of a source: how it is restored, with the names that its stack has. The reporting function writes it daily beside the
 * reports, as text and as what the stack told it, so that both are there when the stack and its account are gone. No secret is in it.
 */
export const RUNBOOK_FORMAT = 'postgres-backup/runbook-facts/1';

/** What the stack alone knows. */
export interface RunbookFacts {
  readonly format: typeof RUNBOOK_FORMAT;
  readonly stack: string;
  readonly account: string;
  readonly region: string;
  /** PGHOST, PGPORT, PGDATABASE: where the database was. */
  readonly server: Readonly<Record<string, string>>;
  /** Services of ECS that write to it: they are stopped meanwhile. */
  readonly services: readonly { readonly cluster: string; readonly service: string }[];
  /** Who may restore: ARNs of roles. */
  readonly restorers: readonly string[];
}

/** Where it lies: `orders/reports/runbook.md`, `orders/reports/runbook.json`. */
export function runbookKeys(source: string): { readonly text: string; readonly facts: string } {
  return { text: `${reportsPrefix(source)}runbook.md`, facts: `${reportsPrefix(source)}runbook.json` };
}

/** Says what is wrong with facts, such as those read from JSON, or nothing. */
export function runbookFactsProblem(value: unknown): string | undefined {
  const facts = value as Partial<RunbookFacts> | null;
  if (typeof facts !== 'object' || facts === null) return `they are ${JSON.stringify(value)}, not an object`;
  if (facts.format !== RUNBOOK_FORMAT) return `their format is ${JSON.stringify(facts.format)}`;
  const { stack, account, region, server, services, restorers } = facts;
  if (![stack, account, region].every(isText)) return 'stack, account or region is not stated';
  const isServer = typeof server === 'object' && server !== null && Object.values(server).every(isText);
  if (!isServer) return 'the server is not stated';
  const isServices = Array.isArray(services) && services.every(isService);
  if (!isServices) return 'a service is not named';
  return Array.isArray(restorers) && restorers.every(isText) ? undefined : 'who may restore is not stated';
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

function isService(value: unknown): boolean {
  const { cluster, service } = (value ?? {}) as { cluster?: unknown; service?: unknown };
  return isText(cluster) && isText(service);
}
