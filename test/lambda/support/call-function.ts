/** A function as it is deployed: its bundled code, loaded by a Node of its own, with the environment it is given and no other. */
import { spawn } from 'node:child_process';
import path from 'node:path';

/** Who the function is to the servers that stand in for AWS. */
export const FUNCTION = { accessKeyId: 'FUNCTION', secretAccessKey: 'function-secret' };

export interface FunctionEnd {
  /** 0 when each call was answered. */
  readonly code: number | null;
  readonly stdout: string;
  /** The message of the error that it ended with. */
  readonly stderr: string;
  /** Its log, a JSON object a line. */
  readonly lines: () => Record<string, unknown>[];
}

/**
 * Calls it as the platform does, as often as there are events: in one process, one after the other.
 *
 * @param name its folder in `lambda/`
 */
export async function callFunction(
  name: string,
  environment: Readonly<Record<string, string | undefined>>,
  events: readonly unknown[] = [{}],
): Promise<FunctionEnd> {
  const code = path.join(__dirname, '../../../assets/lambda', name, 'index.js');
  const caller = `(async () => {
    const { handler } = require(${JSON.stringify(code)});
    for (const event of ${JSON.stringify(events)}) {
      await handler(event, { getRemainingTimeInMillis: () => 60_000 })
        .catch((error) => { process.stderr.write(error.message); process.exitCode = 1; });
    }
  })();`;
  const child = spawn(process.execPath, ['-e', caller], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: FUNCTION.accessKeyId,
      AWS_SECRET_ACCESS_KEY: FUNCTION.secretAccessKey,
      NODE_NO_WARNINGS: '1',
      ...environment,
    },
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  const ended = await new Promise<number | null>((settle) => child.once('close', settle));
  return { code: ended, ...output, lines: () => linesOf(output.stdout) };
}

function linesOf(stdout: string): Record<string, unknown>[] {
  const lines = stdout.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}
