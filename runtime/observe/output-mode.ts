import { usageError } from '../errors';
import type { TextOutput } from './run-reporter';

/** How a run tells its story: bars on a terminal, plain lines in a pipe, one JSON object a line in a task's log. */
export type OutputMode = 'terminal' | 'lines' | 'log';

/** `json` or `text`, for containers that are not run by ECS, or to read a task's story plainly. */
export const LOG_VARIABLE = 'POSTGRES_BACKUP_LOG';

export function outputMode(env: NodeJS.ProcessEnv, stderr: TextOutput): OutputMode {
  const wish = env[LOG_VARIABLE];
  if (wish !== undefined && !['', 'json', 'text'].includes(wish)) {
    throw usageError(`environment variable ${LOG_VARIABLE} is ${JSON.stringify(wish)}`, 'Give json or text.');
  }
  // https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4.html
  const inTask = env.ECS_CONTAINER_METADATA_URI_V4 !== undefined;
  if (wish === 'json' || (inTask && wish !== 'text')) return 'log';
  return stderr.isTTY && env.TERM !== 'dumb' ? 'terminal' : 'lines';
}
