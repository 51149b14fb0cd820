/** Runs the server by itself: `npx tsx dev/s3/main.ts --directory D [--port P] [--bucket B]…`. Prints how to reach it; Ctrl-C stops it. */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { startS3Server } from './index';

const USAGE = `usage: tsx dev/s3/main.ts --directory DIRECTORY [--port PORT] [--bucket NAME]...

Serves S3 from DIRECTORY on 127.0.0.1, for development only.
  --port PORT     the port to listen on (a free one unless given)
  --bucket NAME   creates this bucket, with versioning, unless it is there
  --tls-key FILE  speaks TLS, with this key and the certificate of --tls-certificate
The access key is AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY where they are set, else a random one that is printed.`;

async function main(): Promise<void> {
  const { directory, port, buckets, tls } = parseArguments();
  const server = await startS3Server({
    directory,
    port,
    tls,
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

function parseArguments() {
  const { values } = parseArgs({
    options: {
      directory: { type: 'string' },
      port: { type: 'string', default: '0' },
      bucket: { type: 'string', multiple: true, default: [] },
      'tls-key': { type: 'string' },
      'tls-certificate': { type: 'string' },
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
  const tls = readTls(values['tls-key'], values['tls-certificate']);
  return { directory: values.directory, port, buckets: values.bucket ?? [], tls };
}

function readTls(key: string | undefined, certificate: string | undefined) {
  if (key === undefined && certificate === undefined) return undefined;
  if (key === undefined || certificate === undefined) throw new Error('--tls-key and --tls-certificate go together');
  return { key: readFileSync(key, 'utf8'), certificate: readFileSync(certificate, 'utf8') };
}

main().catch((error: unknown) => {
  console.error(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
  process.exitCode = 2;
});
