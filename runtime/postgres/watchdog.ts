import { spawn } from 'node:child_process';
import { Socket } from 'node:net';
import type { OperatingSystemUser } from './operating-system-user';

/**
 * Cleans up after a throw-away server when the process that started it ends without doing so itself, even by SIGKILL:
 * a small shell waits for the end of its input, which the kernel closes with the process.
 */
export interface Watchdog {
  /** Has it stop the server, remove the directory and end. */
  finish(): Promise<void>;
}

export function startWatchdog(directory: string, user: OperatingSystemUser | undefined): Watchdog {
  const child = spawn('/bin/sh', ['-c', CLEAN_UP, 'watchdog', directory], {
    ...user,
    cwd: '/',
    env: { PATH: process.env.PATH ?? '/usr/bin:/bin' },
    stdio: ['pipe', 'ignore', 'ignore'],
    // Not in our process group: it must outlive a Ctrl-C.
    detached: true,
  });
  const exit = new Promise<void>((resolve) => child.once('exit', () => resolve()).once('error', () => resolve()));
  // It neither keeps this process alive nor fails it when it is gone first.
  child.unref();
  if (child.stdin instanceof Socket) child.stdin.unref();
  child.stdin.on('error', () => undefined);
  return {
    finish: async () => {
      child.stdin.end();
      child.ref();
      await exit;
    },
  };
}

/** SIGQUIT is the server's immediate shutdown; it gets five seconds before its files go. */
const CLEAN_UP = `
cat >/dev/null
if read -r server <"$1/data/postmaster.pid" 2>/dev/null; then
  kill -QUIT "$server" 2>/dev/null
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    kill -0 "$server" 2>/dev/null || break
    sleep 0.5
  done
fi
rm -rf -- "$1"
`;
