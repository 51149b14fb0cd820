import { rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import { connect } from 'node:net';
import { BackupError } from '../errors';

/** What the address of a Unix socket has room for, with its end. */
const LONGEST_PATH_BYTES = 107;

/**
 * Lets a server listen on a Unix socket. A socket that a killed helper left is taken over; one that answers is not. Gives what
 * closes it again.
 */
export async function listenOnSocket(server: Server, socketPath: string): Promise<() => Promise<void>> {
  if (Buffer.byteLength(socketPath) > LONGEST_PATH_BYTES) {
    throw unusable(socketPath, `its path has more than ${LONGEST_PATH_BYTES} bytes`);
  }
  try {
    await listen(server, socketPath);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw unusable(socketPath, (error as Error).message);
    if (await answers(socketPath)) throw unusable(socketPath, 'another helper answers there');
    await rm(socketPath);
    await listen(server, socketPath);
  }
  return () => new Promise((resolve) => server.close(() => resolve()));
}

function listen(server: Server, socketPath: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(socketPath, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(socketPath);
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', () => resolve(false));
  });
}

function unusable(socketPath: string, detail: string): BackupError {
  return new BackupError('configuration-invalid', `the helper cannot listen on ${JSON.stringify(socketPath)}`, {
    detail,
    hint: 'Name another path with --socket, in a directory of the server’s own user; archive_command must name the same.',
  });
}
