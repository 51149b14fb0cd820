/** Runs the server by itself: `npx tsx dev/s3/main.ts --directory D [--port P] [--bucket B]…`. Prints how to reach it; Ctrl-C stops it. */
import { parseArgs } from 'node:util';
import { startS3Server } from './index';

const USAGE = `usage: tsx dev/s3/main.ts --directory DIRECTORY [--port PORT] [--bucket NAME]...

Serves S3 from DIRECTORY on 127.0.0.1, for development only.
  --port PORT     the port to listen on (a free one unless given)
  --bucket NAME   creates this bucket, with versioning, unless it is there
The access key is AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY where they are set, else a random one that is printed.`;

async function main(): Promise<void> {
  const { directory, port, buckets } = parseArguments();
  const server = await startS3Server({
    directory,
    port,
    accessKeyId: process.env.AWS_ACCESS_KEY_ID,
    secretAccessKey: process.env.AWS_SECRET_ACCESS_KEY,
  });
  const present = new Set(server.buckets());
  for (const name of buckets) if (!present.has(name)) await server.createBucket(name, { versioning: true });
  console.log(`S3 for development at ${server.endpoint}, stored in ${directory}\n`);
  for (const [name, value] of Object.entries(server.environment)) console.log(`export ${name}=${value}`);
  const stop = (): void => void server.close();
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
}

function parseArguments(): { directory: string; port: number; buckets: string[] } {
  const { values } = parseArgs({
    options: {
      directory: { type: 'string' },
      port: { type: 'string', default: '0' },
      bucket: { type: 'string', multiple: true, default: [] },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    process.exit(0);
  }
  if (values.directory === undefined) throw new Error('--directory is missing');
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error(`--port "${values.port}" is no port`);
  return { directory: values.directory, port, buckets: values.bucket ?? [] };
}

main().catch((error: unknown) => {
  console.error(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
  process.exitCode = 2;
});
