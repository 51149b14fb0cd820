// `npm ci` refuses a lock file that leaves something out, on every machine; and npm writes such a lock file without a word
// when an optional package of another platform could not be found at that moment.
import { readFileSync } from 'node:fs';
import path from 'node:path';

interface LockedPackage {
  readonly version?: string;
  readonly resolved?: string;
  readonly dependencies?: Record<string, string>;
  readonly devDependencies?: Record<string, string>;
  readonly optionalDependencies?: Record<string, string>;
}

const ROOT = path.join(__dirname, '../..');
const read = <Content>(file: string): Content => JSON.parse(readFileSync(path.join(ROOT, file), 'utf8')) as Content;
const locked = read<{ packages: Record<string, LockedPackage> }>('package-lock.json').packages;

test('every package that another one wants, on whatever platform, is locked', () => {
  const missing = Object.entries(locked).flatMap(([folder, { dependencies, optionalDependencies }]) =>
    Object.keys({ ...dependencies, ...optionalDependencies })
      .filter((name) => !isLocked(folder, name))
      .map((name) => `${name}, wanted by ${folder}`),
  );
  expect(missing).toEqual([]);
});

test('it locks what package.json asks for', () => {
  const { devDependencies, dependencies } = read<LockedPackage>('package.json');
  expect(locked['']).toMatchObject({ devDependencies });
  // The published package brings nothing along.
  expect(dependencies ?? {}).toEqual({});
});

test('it says nothing about the registry of the one who wrote it', () => {
  const told = Object.entries(locked).filter(([, { resolved }]) => resolved !== undefined);
  expect(told.map(([folder]) => folder)).toEqual([]);
});

/** As Node looks for it: beside the one that wants it, then in each folder above. */
function isLocked(folder: string, name: string): boolean {
  for (let at = folder; ; at = at.slice(0, Math.max(0, at.lastIndexOf('node_modules/') - 1))) {
    if (locked[`${at === '' ? '' : `${at}/`}node_modules/${name}`]) return true;
    if (at === '') return false;
  }
}
