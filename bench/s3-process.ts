import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import path from 'node:path';

/** A key and its certificate, in files of PEM. */
export interface TlsFiles {
  readonly key: string;
  readonly certificate: string;
}

/** Of this run alone, for 127.0.0.1. */
export function makeTlsFiles(directory: string): TlsFiles {
  const files = { key: path.join(directory, 'tls.key'), certificate: path.join(directory, 'tls.pem') };
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  execFileSync('openssl', ['req', ...kind, ...subject, '-keyout', files.key, '-out', files.certificate], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  return files;
}

/** The S3 server as a process of its own, and the environment that reaches it. */
export function startS3(
  directory: string,
  buckets: readonly string[],
  tls?: TlsFiles,
): { process: ChildProcess; environment: Promise<NodeJS.ProcessEnv> } {
  const main = path.join(__dirname, '..', 'dev', 's3', 'main.ts');
  const args = ['--import', 'tsx', main, '--directory', directory, ...buckets.flatMap((name) => ['--bucket', name])];
  if (tls) args.push('--tls-key', tls.key, '--tls-certificate', tls.certificate);
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
