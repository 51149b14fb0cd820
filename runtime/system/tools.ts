/** What the command line does with the full system. */
import { setTimeout as delay } from 'node:timers/promises';
import type { BackupSet, DrilledCheck, RunConfiguration, SqlCheck } from '../../model';
import { askChecks } from '../drill/checks';
import type { ConnectionSource } from '../postgres/connection';
import { findPsql } from '../postgres/tools';
import { openSession } from '../postgres/session';
import { ecsServices } from './ecs-services';
import { ecsTasks } from './ecs-tasks';
import { gatherRunbook } from './gather-runbook';
import { localTasks, thisProgram, type LocalProgram } from './local-tasks';
import { spoolReferences, type ReferenceQuery, type SpooledReferences } from './references';
import { performStep, type StepSurroundings } from './perform-step';
import {
  restoreSet,
  type RestoreSetContext,
  type RestoreSetReport,
  type RestoreSetRequest,
  type RestoreStateFile,
  type RestoreStep,
  type ServiceControl,
} from './restore-set';
import { restoreStateFile } from './restore-state';
import { readRunConfiguration } from './run-configuration';
import { runSystem, type SystemRunContext, type SystemRunRequest } from './run-system';
import { findSet } from './sets';
import type { TaskStarter } from './task';

export interface SystemTools {
  readonly run: (request: SystemRunRequest, context: SystemRunContext) => Promise<BackupSet>;
  /** What the stack wrote down for those who start its tasks. */
  readonly configuration: (source: string, vaultUri: string) => Promise<RunConfiguration>;
  readonly deployedTasks: (configuration: RunConfiguration) => TaskStarter;
  readonly localTasks: (program: Omit<LocalProgram, 'argv'>) => TaskStarter;
  readonly spool: (query: ReferenceQuery, server: ConnectionSource, signal: AbortSignal) => Promise<SpooledReferences>;
  readonly findSet: typeof findSet;
  readonly restore: (request: RestoreSetRequest, context: RestoreSetContext) => Promise<RestoreSetReport>;
  readonly services: (cluster: string | undefined, signal: AbortSignal) => ServiceControl;
  readonly stateFile: (file: string) => RestoreStateFile;
  readonly perform: (step: RestoreStep, surroundings: StepSurroundings) => Promise<string>;
  readonly check: (
    checks: readonly SqlCheck[],
    server: ConnectionSource,
    context: Pick<RestoreSetContext, 'signal' | 'now'>,
  ) => Promise<readonly DrilledCheck[]>;
  readonly gatherRunbook: typeof gatherRunbook;
  /** Between two looks at what runs elsewhere. */
  readonly wait: (signal: AbortSignal) => Promise<void>;
}

/** ECS allows some looks a second for a whole account. */
const BETWEEN_LOOKS_MS = 5_000;

export const systemTools: SystemTools = {
  run: runSystem,
  configuration: readRunConfiguration,
  deployedTasks: (configuration) => ecsTasks(configuration),
  localTasks: (program) => localTasks({ argv: thisProgram(), ...program }),
  spool: async (query, server, signal) => {
    const [connection, { psql }] = await Promise.all([server.open(), findPsql()]);
    return spoolReferences(query, connection, psql, signal);
  },
  findSet,
  restore: restoreSet,
  services: (cluster, signal) => ecsServices(cluster, { signal, wait }),
  stateFile: restoreStateFile,
  perform: (step, surroundings) => performStep(thisProgram(), step, surroundings),
  check: async (checks, server, context) => {
    const session = await openSession(await server.open(), await findPsql(), { signal: context.signal });
    try {
      return await askChecks(checks, session, { ...context, onCheck: () => undefined });
    } finally {
      await session.close();
    }
  },
  gatherRunbook,
  wait,
};

async function wait(signal: AbortSignal): Promise<void> {
  // Its own error says less than the reason it was aborted for.
  await delay(BETWEEN_LOOKS_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
}
