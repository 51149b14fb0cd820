// The image as it will run: built from image/Dockerfile, its program started as its user on a read-only root, up to a
// whole backup into a store. Takes minutes and needs root, buildah and debootstrap: npm run test:image.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { PUBLIC_CA_BUNDLE_PATH, RDS_CA_BUNDLE_PATH } from '../../model';
import { VERSION } from '../../runtime/version';
import { makeBaseImages, POSTGRES_MAJOR } from './base-images';
import { Surroundings } from './surroundings';
import { Builder, type ImageConfig } from './builder';
import { ReadOnlyContainer } from './read-only-container';

const CONTEXT = path.join(__dirname, '../../assets/image');
const IMAGE = 'localhost/postgres-backup';

/** With stderr, so that a failure shows what the program said. */
const SUCCESS = { code: 0, signal: null, stderr: expect.not.stringContaining('error') as string };

let folder: string;
let builder: Builder;
let config: ImageConfig;
let root: string;
/** With the image's volumes, as it will run. */
let container: ReadOnlyContainer;
/** With nothing that can be written to at all. */
let strict: ReadOnlyContainer;

beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'image-'));
  builder = new Builder(folder);
  makeBaseImages(builder, folder);
  builder.build(CONTEXT, IMAGE, { POSTGRES_MAJOR: String(POSTGRES_MAJOR) });
  config = builder.config(IMAGE);
  root = builder.mount(IMAGE);
  container = new ReadOnlyContainer(root, config, 'mounted');
  strict = new ReadOnlyContainer(root, config, 'not mounted');
});

afterAll(() => {
  builder.removeAll();
  rmSync(folder, { recursive: true, force: true });
});

test('it runs as user 999, ends by SIGTERM and has no command of the base left', () => {
  expect(config).toMatchObject({ User: '999:999', StopSignal: 'SIGTERM' });
  expect(config.Cmd ?? []).toEqual([]);
});

test('nothing but /tmp can be written to, and its user is nobody special', async () => {
  const script = 'id -un; for f in /x /tmp/x /opt/postgres-backup/x ~/x; do touch "$f" && echo "wrote $f"; done; true';
  expect((await container.run(['sh', '-c', script])).stdout).toBe('postgres\nwrote /tmp/x\n');
  const { stdout, stderr } = await strict.run(['sh', '-c', script]);
  expect(stdout).toBe('postgres\n');
  expect(stderr.match(/Read-only file system/g)).toHaveLength(4);
});

test('without a read-only root its user could still not change the program', async () => {
  const found = await container.run(['find', '/opt', '/usr/local', '-writable', '-not', '-type', 'l']);
  expect(found).toMatchObject({ code: 0, stdout: '' });
});

test('the program says its version', async () => {
  expect(await container.runEntrypoint(['--version'])).toMatchObject({ code: 0, stdout: `${VERSION}\n` });
  expect(await container.run(['postgres-backup', '--version'])).toMatchObject({ code: 0, stdout: `${VERSION}\n` });
});

test('without a command it backs nothing up and does not look as if it had', async () => {
  const { code, stdout, stderr } = await container.runEntrypoint();
  expect(code).not.toBe(0);
  expect(stdout + stderr).toContain('Usage:');
});

test.each(['pg_dump', 'pg_dumpall', 'pg_restore', 'psql', 'postgres'])('%s is there and of its major', async (tool) => {
  const { code, stdout } = await container.run([tool, '--version']);
  expect(code).toBe(0);
  expect(stdout).toContain(`(PostgreSQL) ${POSTGRES_MAJOR}.`);
});

test('the certificates of Amazon RDS are readable where the constructs say', async () => {
  const { code, stdout } = await container.run(['cat', RDS_CA_BUNDLE_PATH]);
  expect(code).toBe(0);
  expect(stdout).toBe(readFileSync(path.join(CONTEXT, 'rds-ca-bundle.pem'), 'utf8'));
});

test('the public certificate authorities are readable where the constructs say', async () => {
  const { code, stdout } = await container.run(['cat', PUBLIC_CA_BUNDLE_PATH]);
  expect(code).toBe(0);
  expect(stdout.match(/BEGIN CERTIFICATE/g)?.length).toBeGreaterThan(50);
});

describe('a database beside it', () => {
  let surroundings: Surroundings;

  beforeAll(async () => {
    surroundings = await Surroundings.start(POSTGRES_MAJOR);
    await surroundings.execute('postgres', 'create database orders', 'create database restored');
    await surroundings.execute(
      'orders',
      `create table public.appointments as select n as id, 'für ' || n as note from generate_series(1, 20000) n`,
      'alter table public.appointments add primary key (id)',
    );
  });

  afterAll(() => surroundings.stop());

  test('is backed up by a task that is told everything by its environment, verified, and restored as it was', async () => {
    const onOrders = surroundings.environment('orders');
    const onRestored = surroundings.environment('restored');
    expect(await strict.runEntrypoint(['backup', 'dump'], onOrders)).toMatchObject(SUCCESS);
    expect(await strict.runEntrypoint(['verify', 'latest'], onOrders)).toMatchObject(SUCCESS);
    expect(await container.runEntrypoint(['restore', 'latest'], onRestored)).toMatchObject(SUCCESS);

    const everything = `select count(*)::int as rows, md5(string_agg(id || note, ',' order by id)) as content from public.appointments`;
    const before = await surroundings.query('orders', everything);
    expect(before[0].rows).toBe(20_000);
    expect(await surroundings.query('restored', everything)).toEqual(before);
  });

  test('that does not let the task in ends it with an error, not with a backup', async () => {
    const wrong = { ...surroundings.environment('orders'), PGPASSWORD: 'wrong' };
    const { code, stderr } = await container.runEntrypoint(['backup', 'dump'], wrong);
    expect(code).toBe(1);
    expect(stderr).toContain('password authentication failed');
  });
});

describe('the build fails, rather than the first night,', () => {
  test('for another major than that of the base', () => {
    const base = `public.ecr.aws/docker/library/postgres:${POSTGRES_MAJOR}-bookworm`;
    expect(() => builder.build(CONTEXT, 'localhost/wrong', { POSTGRES_MAJOR: '17', POSTGRES_IMAGE: base })).toThrow(
      /exit status 1/,
    );
  });

  test('for a base without PostgreSQL and zstd', () => {
    const base = 'public.ecr.aws/docker/library/node:24-bookworm-slim';
    expect(() => builder.build(CONTEXT, 'localhost/wrong', { POSTGRES_IMAGE: base })).toThrow();
  });
});
