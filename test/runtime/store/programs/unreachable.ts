/** Run as a process of its own, where Node's errors are what the SDK expects: asks a port where nobody listens. */
import { openS3Store } from '../../../../runtime/store/s3-store';
import { toBackupError } from '../../../../runtime/errors';

async function main([endpoint]: string[]): Promise<void> {
  const credentials = { accessKeyId: 'a', secretAccessKey: 'b' };
  const store = openS3Store('s3://vault', { endpoint, credentials, maxAttempts: 2 });
  const attempts = [
    store.put('a', Buffer.from('x'), { ifAbsent: true }),
    store.createMultipart('a'),
    store.get('a'),
    store.head('a'),
    store.list('')[Symbol.asyncIterator]().next(),
  ];
  const codes: string[] = [];
  for (const attempt of await Promise.allSettled<unknown>(attempts)) {
    codes.push(attempt.status === 'rejected' ? toBackupError(attempt.reason).code : 'no error');
  }
  process.stdout.write(JSON.stringify(codes));
}

void main(process.argv.slice(2));
