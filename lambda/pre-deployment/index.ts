// Holds a deployment until a verified backup exists: see runtime/system/pre-deployment.ts.
import { setTimeout as sleep } from 'node:timers/promises';
import { ENVIRONMENT } from '../../model';
import { readComponents } from '../../runtime/component-list';
import { openS3Store } from '../../runtime/store/s3-store';
import { ecsTask, ecsTasks } from '../../runtime/system/ecs-tasks';
import { handleDeployment } from '../../runtime/system/handle-deployment';
import { readRunConfiguration } from '../../runtime/system/run-configuration';

/** Six of them are between two starts. */
const LOOKS_EVERY_MS = 5_000;

export async function handler(event: unknown): Promise<object> {
  const { env } = process;
  return handleDeployment(event, {
    env: { vault: env[ENVIRONMENT.vault], source: env[ENVIRONMENT.source] },
    open: async (source, vaultUri) => {
      const configuration = await readRunConfiguration(source, vaultUri);
      return {
        store: openS3Store(vaultUri),
        components: readComponents(env),
        starter: ecsTasks(configuration),
        wait: (signal) => sleep(LOOKS_EVERY_MS, undefined, { signal }),
        task: (arn, startedAt) => ecsTask(configuration.cluster, arn, { startedAt, now: () => new Date() }),
      };
    },
    write: (line) => void process.stdout.write(line),
    now: () => new Date(),
  });
}
