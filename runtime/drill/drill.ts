import type { Drill, DrilledComponent } from '../../model';
import { drillBaseBackup } from './base-backup/drill-base-backup';
import { drillConfiguration } from './configuration/drill-configuration';
import { drillDump } from './drill-dump';
import { drillFiles } from './files/drill-files';
import { Findings } from './findings';
import { drillObjects } from './objects/drill-objects';
import { DrillPhases } from './phases';
import { lastRecord, writeDrill } from './records';
import type { DrillContext, DrillRequest } from './types';
import type { DrillWork } from './work';

/** What came of a drill, and where its record lies; `null` where it could not be stored. */
export interface DrillResult {
  readonly drill: Drill;
  readonly key: string | null;
}

const DRILLS: { readonly [C in DrilledComponent]: (work: DrillWork) => Promise<void> } = {
  dump: drillDump,
  'base-backup': drillBaseBackup,
  objects: drillObjects,
  files: drillFiles,
  configuration: drillConfiguration,
};

/**
 * Restores a recovery point for practice, holds it against its manifest, and writes the record. Never throws: whatever stops it
 * is an outcome. One whose record cannot be stored has not passed, because nobody could see later that it did.
 */
export async function runDrill(request: DrillRequest, context: DrillContext): Promise<DrillResult> {
  const findings = new Findings(request, context.now());
  const kept = withWarningsKept(context, findings);
  const work: DrillWork = { request, context: kept, findings, phases: new DrillPhases(kept.reporter) };
  try {
    await DRILLS[request.component ?? 'dump'](work);
  } catch (thrown) {
    findings.stoppedBy(thrown, context.signal);
  }
  return record(work);
}

/** What a drill is told to look out for belongs into its record. */
function withWarningsKept(context: DrillContext, findings: Findings): DrillContext {
  const { reporter } = context;
  const warn = (message: string): void => {
    findings.warnings.push(message);
    reporter.warn(message);
  };
  return { ...context, reporter: { begin: (step, options) => reporter.begin(step, options), warn } };
}

/** After everything else, so that it tells of the cleaning up too. */
async function record({ request, context, findings, phases }: DrillWork): Promise<DrillResult> {
  const { store, now, signal } = context;
  try {
    const previous = await lastRecord(store, request.source, request.component);
    const drill = findings.record(phases, previous, now());
    return { drill, key: await writeDrill(store, drill) };
  } catch (thrown) {
    findings.stoppedBy(thrown, signal.aborted ? new AbortController().signal : signal);
    return { drill: findings.record(phases, null, now()), key: null };
  }
}
