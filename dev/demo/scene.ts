/** Where the demonstration takes place: a private PostgreSQL server, a stand-in for AWS, somebody's chat. All on 127.0.0.1. */
import { existsSync } from 'node:fs';
import { startThrowawayServer } from '../../runtime/postgres/throwaway-server';
import { findTools } from '../../runtime/postgres/tools';
import type { Cloud } from '../aws';
import { claim } from './claim';
import { deployClinic, type ClinicCloud } from './clinic-cloud';
import type { DatabaseServer } from './database-server';
import { runPsql } from './psql';
import { synthesise, type Synthesis } from './synthesise';
import { openWebhook, type Webhook } from './webhook';

export interface Scene extends DatabaseServer {
  readonly webhook: Webhook;
  /** @throws Error before the stack was deployed. */
  readonly cloud: Cloud;
  /** Bucket of the vault. */
  readonly vault: string;
  /** Synthesises the stack and brings it to life. */
  readonly deploy: (signal: AbortSignal) => Promise<{ synthesis: Synthesis; clinic: ClinicCloud }>;
  /** Stops everything and removes what was kept; claims that nothing is left. Says what was removed. */
  readonly close: () => Promise<string>;
}

export async function openScene(): Promise<Scene> {
  // Should the rest fail to start, the server goes with this process, and its files with it.
  const server = await startThrowawayServer();
  const tools = await findTools(server.major);
  const webhook = await openWebhook();
  let synthesis: Synthesis | undefined;
  let clinic: ClinicCloud | undefined;

  const deployed = (): ClinicCloud => {
    if (clinic === undefined) throw new Error('the stack is not deployed yet');
    return clinic;
  };
  const close = async (): Promise<string> => {
    const { pid } = server;
    await clinic?.cloud.close();
    await synthesis?.remove();
    await webhook.close();
    await server.stop();
    claim(!isRunning(pid), 'the PostgreSQL server is gone', `process ${pid} still runs`);
    for (const folder of [server.directory, clinic?.cloud.directory]) {
      if (folder !== undefined) claim(!existsSync(folder), `${folder} is gone`);
    }
    return 'everything stopped, its folders removed';
  };
  const scene: Scene = {
    server,
    tools,
    webhook,
    get cloud() {
      return deployed().cloud;
    },
    get vault() {
      return deployed().vault;
    },
    deploy: async (signal) => {
      synthesis = await synthesise(server.major);
      const runScript = (script: string): Promise<void> => runPsql(scene, 'postgres', script, signal);
      clinic = await deployClinic({ server, synthesis, webhookUrl: webhook.url, runScript });
      return { synthesis, clinic };
    },
    close,
  };
  return scene;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
