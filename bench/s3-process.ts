import { spawn, type ChildProcess } from 'node:child_process';
import path from 'node:path';

/** The S3 server as a process of its own, and the environment that reaches it. */
export function startS3(
  directory: string,
  buckets: readonly string[],
): { process: ChildProcess; environment: Promise<NodeJS.ProcessEnv> } {
  const main = path.join(__dirname, '..', 'dev', 's3', 'main.ts');
  const args = ['--import', 'tsx', main, '--directory', directory, ...buckets.flatMap((name) => ['--bucket', name])];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  return { process: child, environment: readExports(child) };
}

async function readExports(child: ChildProcess): Promise<NodeJS.ProcessEnv> {
  const found: NodeJS.ProcessEnv = {};
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
    for (const [, name, value] of chunk.toString('utf8').matchAll(/^export (\w+)=(.*)$/gm)) found[name] = value;
    if (found.AWS_SECRET_ACCESS_KEY) break;
  }
  if (!found.AWS_ENDPOINT_URL_S3) throw new Error('the S3 server did not say where it is');
  return found;
}
