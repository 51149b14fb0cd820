/**
 * Run as a process of its own, so that its memory and CPU are its own: uploads the output of `head` and reads it back.
 * Arguments: endpoint, access key, secret key, bytes. Prints one line of JSON.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { openS3Store } from '../../../../runtime/store/s3-store';
import { StreamUpload } from '../../../../runtime/store/stream-upload';
import { openVerified } from '../../../../runtime/store/verified-download';
import { VerifiedStream } from '../../../../runtime/store/verified-stream';

async function main([endpoint, accessKeyId, secretAccessKey, sizeBytes]: string[]): Promise<void> {
  const store = openS3Store('s3://vault/large', { endpoint, credentials: { accessKeyId, secretAccessKey } });
  const before = process.cpuUsage();
  const producer = spawn('head', ['-c', sizeBytes, '/dev/zero'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const closed = once(producer, 'close') as Promise<[number | null, string | null]>;
  const uploading = StreamUpload.begin(store, 'a');
  const received = await uploading.receive(producer.stdout);
  const [code, signal] = await closed;
  const object = await uploading.complete(VerifiedStream.of(received, [{ name: 'head', code, signal }]));
  const upload = usage(before);
  const middle = process.cpuUsage();
  let readBytes = 0;
  for await (const chunk of openVerified(store, object) as AsyncIterable<Buffer>) readBytes += chunk.length;
  process.stdout.write(JSON.stringify({ sizeBytes: object.sizeBytes, readBytes, upload, download: usage(middle) }));
}

/** CPU since `before`, and the most memory that the process has had. */
function usage(before: NodeJS.CpuUsage): { cpuSeconds: number; peakMiB: number } {
  const { user, system } = process.cpuUsage(before);
  return { cpuSeconds: (user + system) / 1e6, peakMiB: peakKilobytes() / 1024 };
}

/** Linux hands a parent's peak on to its children in `maxRSS`: a test runner's would be taken for ours. */
function peakKilobytes(): number {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS;
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);
}

void main(process.argv.slice(2));
