/** The full system as a person runs it: the built program backs two components up as a set, and restores the set. */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runCli } from '../support/cli';
import { Lab } from '../support/lab';

let lab: Lab;
let folder: string;

beforeAll(async () => {
  lab = await Lab.start();
  folder = await mkdtemp(path.join(tmpdir(), 'full-system-'));
  await mkdir(path.join(folder, 'media'));
  await writeFile(path.join(folder, 'media', 'logo.svg'), '<svg/>');
  await lab.database(
    'shop',
    'CREATE TABLE public.orders (id int PRIMARY KEY); INSERT INTO public.orders VALUES (1), (2);',
  );
});

afterAll(async () => {
  await lab.stop();
  await rm(folder, { recursive: true, force: true });
});

test('what is backed up as a set is restored as one, and the program says each step', async () => {
  const volumes = { POSTGRES_BACKUP_VOLUMES: JSON.stringify([`media=${path.join(folder, 'media')}`]) };
  const components = ['--component', 'dump', '--component', 'files'];
  const made = await runCli(lab, ['run', '--local', ...components, '--set', '--json'], { database: 'shop' }, volumes);
  expect(made).toMatchObject({ code: 0 });
  const set = JSON.parse(made.stdout) as { set: string; members: { component: string; outcome: string }[] };
  expect(set.members).toMatchObject([
    { component: 'dump', outcome: 'passed', items: 2 },
    { component: 'files', outcome: 'passed' },
  ]);

  const target = path.join(folder, 'restored');
  const state = path.join(folder, 'state.json');
  const argv = ['restore', 'set', 'latest', '--create', '--files-to', target, '--state', state];
  const checks = JSON.stringify([
    {
      name: 'two orders',
      sql: 'SELECT count(*) FROM public.orders',
      database: null,
      expect: { kind: 'equals', number: 2 },
    },
  ]);
  const planned = await runCli(lab, [...argv, '--dry-run'], { database: 'copy' });
  expect(planned).toMatchObject({ code: 0 });
  expect(planned.stdout).toContain(`database shop: postgres-backup restore ${set.set} --create`);
  expect(existsSync(target)).toBe(false);

  const restored = await runCli(lab, [...argv, '--checks', checks], { database: 'copy' });
  expect(restored.stderr + restored.stdout).toContain('1 passed');
  expect(restored).toMatchObject({ code: 0 });
  expect(existsSync(state)).toBe(false);
  expect(await readFile(path.join(target, 'logo.svg'), 'utf8')).toBe('<svg/>');
});
