// What the Dockerfile promises, read from its text: quick, and run with every test. That the image builds and its program
// runs is image.test.ts (npm run test:image).
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { POSTGRES_MAJORS, PUBLIC_CA_BUNDLE_PATH, RDS_CA_BUNDLE_PATH } from '../../model';

interface Instruction {
  readonly name: string;
  readonly value: string;
}

const instructions = parse(readFileSync(path.join(__dirname, '../../image/Dockerfile'), 'utf8'));
const of = (name: string): string[] => instructions.filter((line) => line.name === name).map(({ value }) => value);

test('it knows only instructions whose meaning these tests look at', () => {
  const known = ['ARG', 'FROM', 'LABEL', 'COPY', 'RUN', 'USER', 'VOLUME', 'STOPSIGNAL', 'ENTRYPOINT', 'CMD'];
  expect(instructions.map(({ name }) => name).filter((name) => !known.includes(name))).toEqual([]);
});

test('the bases are the official images of PostgreSQL and Node 24 unless somebody names others', () => {
  expect(of('ARG')).toEqual([
    expect.stringMatching(/^POSTGRES_MAJOR=\d+$/),
    'POSTGRES_IMAGE=public.ecr.aws/docker/library/postgres:${POSTGRES_MAJOR}-bookworm',
    'NODE_IMAGE=public.ecr.aws/docker/library/node:24-bookworm-slim',
    'POSTGRES_MAJOR',
  ]);
  expect(of('FROM')).toEqual(['${NODE_IMAGE} AS node', '${POSTGRES_IMAGE}']);
});

test('the major that is built by default is one that the runtime accepts', () => {
  expect(POSTGRES_MAJORS.map((major) => `POSTGRES_MAJOR=${major}`)).toContain(of('ARG')[0]);
});

test('nothing is fetched while it is built', () => {
  const fetching = /\b(apt|apt-get|dpkg|apk|curl|wget|npm|npx|yarn|pnpm|pip|git|add-apt-repository|corepack)\b|https?:/;
  expect(of('RUN').filter((command) => fetching.test(command))).toEqual([]);
  expect(of('COPY').filter((copied) => /:\/\/|--from=(?!node )/.test(copied))).toEqual([]);
});

test('it ends as user and group 999, in numbers, and is not root while it checks its tools', () => {
  expect(of('USER')).toEqual(['999:999']);
  const afterUser = instructions.slice(instructions.findIndex(({ name }) => name === 'USER') + 1);
  expect(afterUser.filter(({ name }) => name === 'RUN')).toHaveLength(1);
});

test.each(['zstd', 'pg_dump', 'pg_dumpall', 'pg_restore', 'psql', 'node', 'postgres-backup'])(
  'the build fails where %s is not there or does not run',
  (tool) => {
    const check = of('RUN').at(-1) ?? '';
    expect(check).toMatch(/^set -eu;/);
    expect(check).toMatch(new RegExp(`[ ;]${tool}[ ;]`));
    expect(check).not.toContain('||');
  },
);

test('it runs the program, stops by SIGTERM and does not inherit the command of the base', () => {
  expect(of('ENTRYPOINT')).toEqual([
    '["/usr/local/bin/node", "--max-semi-space-size=1", "/opt/postgres-backup/postgres-backup.js"]',
  ]);
  expect(of('STOPSIGNAL')).toEqual(['SIGTERM']);
  expect(of('CMD')).toEqual(['[]']);
});

test('only /tmp is a volume: everything else works on a read-only root', () => {
  expect(of('VOLUME')).toEqual(['/tmp']);
});

test('the certificates of Amazon RDS lie where the constructs say', () => {
  const [folder, ...files] = (of('COPY').at(-1) ?? '').split(' ').reverse();
  expect(folder).toBe(`${path.posix.dirname(RDS_CA_BUNDLE_PATH)}/`);
  expect(files).toContain(path.posix.basename(RDS_CA_BUNDLE_PATH));
});

test('the public certificate authorities are written where the constructs say, before the last check', () => {
  const writing = of('RUN').filter((command) => command.endsWith(`> ${PUBLIC_CA_BUNDLE_PATH}`));
  expect(writing).toEqual([expect.stringContaining('rootCertificates')]);
  expect(of('RUN').at(-1)).toContain('for bundle in rds public');
});

/** Instructions with their continued lines joined and comments left out. */
function parse(text: string): Instruction[] {
  const lines = text.split('\n').filter((line) => !/^\s*(#|$)/.test(line));
  const joined = lines.join('\n').replace(/\\\n\s*/g, '');
  return joined.split('\n').map((line) => {
    const [name, ...rest] = line.trim().split(/\s+/);
    return { name, value: rest.join(' ') };
  });
}
