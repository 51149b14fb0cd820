/** What the command line does with the full system. */
import { setTimeout as delay } from 'node:timers/promises';
import type { BackupSet, RunConfiguration } from '../../model';
import type { ConnectionSource } from '../postgres/connection';
import { findPsql } from '../postgres/tools';
import { ecsTasks } from './ecs-tasks';
import { localTasks, thisProgram, type LocalProgram } from './local-tasks';
import { spoolReferences, type ReferenceQuery, type SpooledReferences } from './references';
import { readRunConfiguration } from './run-configuration';
import { runSystem, type SystemRunContext, type SystemRunRequest } from './run-system';
import type { TaskStarter } from './task';

export interface SystemTools {
  readonly run: (request: SystemRunRequest, context: SystemRunContext) => Promise<BackupSet>;
  /** What the stack wrote down for those who start its tasks. */
  readonly configuration: (source: string, vaultUri: string) => Promise<RunConfiguration>;
  readonly deployedTasks: (configuration: RunConfiguration) => TaskStarter;
  readonly localTasks: (program: Omit<LocalProgram, 'argv'>) => TaskStarter;
  readonly spool: (query: ReferenceQuery, server: ConnectionSource, signal: AbortSignal) => Promise<SpooledReferences>;
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
  wait: async (signal) => {
    // Its own error says less than the reason it was aborted for.
    await delay(BETWEEN_LOOKS_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
  },
};
