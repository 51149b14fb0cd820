import type { Outcome } from '../../../model';
import type { RunContext } from '../../context';
import { preflight } from '../../postgres/preflight/preflight';
import { databasesToDump, describeServer } from './backup/server';
import type { CheckReport, DumpRequest } from './types';

/** The preflight of a backup alone: would each database be dumped whole? Changes nothing, stores nothing. */
export async function checkDump(request: DumpRequest, context: RunContext): Promise<CheckReport> {
  const server = await describeServer(context);
  const databases: CheckReport['databases'][number][] = [];
  for (const name of databasesToDump(request, server)) {
    const step = context.reporter.begin(`checking ${name}`);
    const findings = await preflight(context.server, server.tools, request, { database: name, signal: context.signal });
    const failed = findings.filter(({ outcome }) => outcome === 'failed' || outcome === 'could not verify');
    if (failed.length === 0) step.done(`${findings.length} checks`);
    else step.failed(failed.map(({ check }) => check).join(', '));
    databases.push({ name, findings });
  }
  return { outcome: worst(databases), server: context.server.description, databases };
}

/** Of nothing, nothing is proven. */
function worst(databases: CheckReport['databases']): Outcome {
  const outcomes = databases.flatMap(({ findings }) => findings.map(({ outcome }) => outcome));
  if (outcomes.includes('failed')) return 'failed';
  return outcomes.length === 0 || outcomes.includes('could not verify') ? 'could not verify' : 'passed';
}
