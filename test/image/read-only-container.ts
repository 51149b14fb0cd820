// Runs an image's program as a task would: the image's own user, environment and entrypoint, on a root that cannot be
// written to, with no privilege to gain. A mount namespace and chroot do what a container engine does; the network is
// the machine's own.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import type { ImageConfig } from './builder';

const ENTER = `
root=$1 user=$2 volumes=$3; shift 3
mount --make-rprivate /
mount --bind "$root" "$root"
mount -o remount,bind,ro "$root"
for volume in $volumes; do
  mode=$(stat --format=mode=%a,uid=%u,gid=%g "$root$volume")
  mount -t tmpfs -o "$mode" volume "$root$volume"
done
mount --rbind /dev "$root/dev"
mount --rbind /proc "$root/proc"
exec setpriv --no-new-privs chroot --userspec="$user" "$root" "$@"
`;

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class ReadOnlyContainer {
  constructor(
    private readonly root: string,
    private readonly config: ImageConfig,
    /** `mounted`: empty and with their permissions in the image, as an engine does. Else they are read-only too. */
    private readonly volumes: 'mounted' | 'not mounted',
  ) {}

  /** The image's entrypoint with these arguments, or its own command. */
  async runEntrypoint(
    args: readonly string[] = this.config.Cmd ?? [],
    env: Record<string, string> = {},
  ): Promise<Ended> {
    return this.run([...this.config.Entrypoint, ...args], env);
  }

  /** Any command of the image, in place of the entrypoint. */
  async run(command: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
    const volumes = this.volumes === 'mounted' ? Object.keys(this.config.Volumes).join(' ') : '';
    const args = [this.root, this.config.User, volumes, ...command];
    const child = spawn('unshare', ['--mount', 'sh', '-euc', ENTER, 'sh', ...args], {
      // HOME as container engines take it from the image's /etc/passwd.
      env: { HOME: '/var/lib/postgresql', ...this.imageEnvironment(), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [stdout, stderr, [code, signal]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>,
    ]);
    return { code, signal, stdout, stderr };
  }

  private imageEnvironment(): Record<string, string> {
    return Object.fromEntries(
      this.config.Env.map((line) => {
        const equals = line.indexOf('=');
        return [line.slice(0, equals), line.slice(equals + 1)];
      }),
    );
  }
}
