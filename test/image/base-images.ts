// The two base images of image/Dockerfile, made from packages where no registry of images can be reached: PostgreSQL 15
// and zstd from Debian 12's packages, set up as the official image is in what matters here; Node 24 from npm.
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { run, type Builder } from './builder';

export const POSTGRES_MAJOR = 15;

/** Makes both, under the names that the Dockerfile's FROM lines give when nobody says otherwise. */
export function makeBaseImages(builder: Builder, folder: string): void {
  makePostgresImage(builder, path.join(folder, 'postgres'));
  makeNodeImage(builder, path.join(folder, 'node'));
}

function makePostgresImage(builder: Builder, root: string): void {
  run('debootstrap', ['--variant=minbase', `--include=postgresql-${POSTGRES_MAJOR},zstd`, 'bookworm', root]);
  run('chroot', [root, 'groupmod', '--gid', '999', 'postgres']);
  run('chroot', [root, 'usermod', '--uid', '999', '--gid', '999', 'postgres']);
  for (const cache of ['var/cache/apt', 'var/lib/apt/lists', `var/lib/postgresql/${POSTGRES_MAJOR}`]) {
    rmSync(path.join(root, cache), { recursive: true, force: true });
  }
  builder.imageOf(
    root,
    `public.ecr.aws/docker/library/postgres:${POSTGRES_MAJOR}-bookworm`,
    ...[
      '--env',
      `PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/lib/postgresql/${POSTGRES_MAJOR}/bin`,
    ],
    ...['--env', 'PGDATA=/var/lib/postgresql/data', '--volume', '/var/lib/postgresql/data'],
    ...['--entrypoint', '["docker-entrypoint.sh"]', '--cmd', 'postgres', '--stop-signal', 'SIGINT'],
  );
  rmSync(root, { recursive: true, force: true });
}

function makeNodeImage(builder: Builder, root: string): void {
  const bin = path.join(root, 'usr/local/bin');
  mkdirSync(bin, { recursive: true });
  const unpacked = mkdtempSync(path.join(path.dirname(root), 'npm-'));
  const architecture = `node-linux-${process.arch}`;
  const [{ filename }] = JSON.parse(
    run('npm', ['pack', `${architecture}@24`, '--json', '--silent', '--pack-destination', unpacked]),
  ) as { filename: string }[];
  run('tar', ['--extract', '--file', path.join(unpacked, filename), '--directory', unpacked]);
  copyFileSync(path.join(unpacked, 'package/bin/node'), path.join(bin, 'node'));
  builder.imageOf(root, 'public.ecr.aws/docker/library/node:24-bookworm-slim');
}
