// Builds images without a Docker engine: Debian's buildah, storing below one folder, which is all that is left to remove.
import { spawnSync } from 'node:child_process';
import path from 'node:path';

export interface ImageConfig {
  readonly User: string;
  readonly Env: readonly string[];
  readonly Entrypoint: readonly string[];
  readonly Cmd: readonly string[] | null;
  readonly StopSignal: string;
  readonly Volumes: Readonly<Record<string, unknown>>;
}

export class Builder {
  constructor(private readonly folder: string) {}

  /** An image of exactly what a folder holds, with settings as `buildah config` takes them. */
  imageOf(folder: string, name: string, ...settings: string[]): void {
    const container = this.buildah('from', 'scratch').trim();
    this.buildah('add', '--quiet', container, folder, '/');
    if (settings.length > 0) this.buildah('config', ...settings, container);
    this.buildah('commit', '--quiet', '--rm', container, name);
  }

  /** Builds a Dockerfile. `--pull-never`: bases that are not here already end the build. */
  build(context: string, name: string, buildArgs: Record<string, string>): string {
    const args = Object.entries(buildArgs).flatMap(([key, value]) => ['--build-arg', `${key}=${value}`]);
    const isolation = ['--isolation', 'chroot', '--format', 'docker', '--pull-never', '--no-cache'];
    return this.buildah('build', ...isolation, ...args, '--tag', name, context);
  }

  config(image: string): ImageConfig {
    const described = JSON.parse(this.buildah('inspect', '--type', 'image', image)) as {
      Docker: { config: ImageConfig };
    };
    return described.Docker.config;
  }

  /** The image's root folder on this machine. */
  mount(image: string): string {
    return this.buildah('mount', this.buildah('from', '--pull-never', image).trim()).trim();
  }

  removeAll(): void {
    this.buildah('rm', '--all');
    this.buildah('rmi', '--all', '--force');
  }

  private buildah(...args: string[]): string {
    const storage = ['--root', path.join(this.folder, 'storage'), '--runroot', path.join(this.folder, 'run')];
    return run('buildah', ['--storage-driver', 'vfs', ...storage, ...args]);
  }
}

/** Runs a program to its end; its output, or an error with all it said. */
export function run(program: string, args: readonly string[]): string {
  const { status, signal, error, stdout, stderr } = spawnSync(program, args, {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (error) throw new Error(`${program} could not be started (${error.message}); is it installed?`);
  if (status !== 0 || signal !== null) {
    throw new Error(`${program} ${args.join(' ')} ended with ${status ?? signal}\n${stdout}\n${stderr}`);
  }
  return stdout;
}
