// The arrows of the house (docs/decisions/0001-the-house-and-its-arrows.md): the check that lint runs is run here on
// the project as it is, and on a planted house in which every import that is not allowed, and every allowed one, occurs.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const ROOT = path.join(__dirname, '..');
const FOLDERS = ['bin', 'lib', 'lambda', 'runtime', 'model', 'dev', 'examples', 'test', 'bench'];
/** Which folders a folder may import from, besides itself. */
const ALLOWED: Record<string, string[]> = {
  model: [],
  runtime: ['model'],
  lib: ['model'],
  lambda: ['runtime', 'model'],
  bin: ['lib', 'runtime', 'model'],
  examples: ['lib'],
  dev: ['lib', 'lambda', 'runtime', 'model', 'bin'],
  bench: ['dev', 'runtime', 'model'],
  test: FOLDERS,
};
/** Packages and modules of Node that a folder has no business with. */
const FOREIGN: [folder: string, specifier: string, rule: string][] = [
  ['model', 'node:fs', 'model-is-pure'],
  ['model', 'aws-cdk-lib', 'model-is-pure'],
  ['model', '@aws-sdk/client-s3', 'model-is-pure'],
  ['lib', '@aws-sdk/client-s3', 'lib-needs-only-its-peers'],
  ['lib', 'commander', 'lib-needs-only-its-peers'],
  ['lib', 'no-such-package', 'lib-needs-only-its-peers'],
  ['lib', 'node:child_process', 'lib-has-no-io'],
  ['lib', 'node:https', 'lib-has-no-io'],
  ['lib', 'node:net', 'lib-has-no-io'],
  ['lib', 'node:dns/promises', 'lib-has-no-io'],
  ['runtime', 'aws-cdk-lib', 'runtime-has-no-cdk'],
  ['runtime', 'constructs', 'runtime-has-no-cdk'],
  ['lambda', 'aws-cdk-lib', 'runtime-has-no-cdk'],
];
const WELCOME: [folder: string, specifier: string][] = [
  ['lib', 'aws-cdk-lib'],
  ['lib', 'constructs'],
  ['lib', 'node:path'],
  ['runtime', '@aws-sdk/client-s3'],
  ['runtime', 'node:child_process'],
];

test('the project keeps to its arrows', () => {
  const { violations, modules } = cruise(ROOT);
  expect(violations).toEqual([]);
  expect(modules).toBeGreaterThan(10);
});

describe('in a planted house', () => {
  let house: string;
  let violations: string[];

  beforeAll(() => {
    house = mkdtempSync(path.join(os.tmpdir(), 'house-'));
    cpSync(path.join(ROOT, '.dependency-cruiser.cjs'), path.join(house, '.dependency-cruiser.cjs'));
    cpSync(path.join(ROOT, 'tsconfig.json'), path.join(house, 'tsconfig.json'));
    symlinkSync(path.join(ROOT, 'node_modules'), path.join(house, 'node_modules'));
    for (const folder of FOLDERS) plant(`${folder}/home.ts`, 'export const here = 1;');
    for (const from of FOLDERS) {
      for (const to of FOLDERS) plant(`${from}/to-${to}.ts`, importing(`../${to}/home`));
    }
    for (const [folder, specifier] of [...FOREIGN, ...WELCOME]) {
      plant(`${folder}/${fileFor(specifier)}`, importing(specifier));
    }
    plant('runtime/chicken.ts', `export { egg } from './egg'; export const chicken = 1;`);
    plant('runtime/egg.ts', `export { chicken } from './chicken'; export const egg = 1;`);
    plant('runtime/types-too.ts', `import type { here } from '../lib/home'; export type There = typeof here;`);
    violations = cruise(house).violations;
  });

  afterAll(() => rmSync(house, { recursive: true, force: true }));

  test('every arrow that is not drawn is refused, in each direction, and no other', () => {
    const refused = FOLDERS.flatMap((from) =>
      FOLDERS.filter((to) => to !== from && !ALLOWED[from].includes(to)).map(
        (to) => `${from}-arrows: ${from}/to-${to}.ts`,
      ),
    );
    expect(refused).toContain('lib-arrows: lib/to-runtime.ts');
    expect(refused).toContain('runtime-arrows: runtime/to-lib.ts');
    expect(violations.filter((violation) => violation.includes('/to-')).sort()).toEqual(refused.sort());
  });

  test.each(FOREIGN)('%s may not import %s', (folder, specifier, rule) => {
    expect(violations).toContain(`${rule}: ${folder}/${fileFor(specifier)}`);
  });

  test.each(WELCOME)('%s may import %s', (folder, specifier) => {
    expect(violations.filter((violation) => violation.endsWith(` ${folder}/${fileFor(specifier)}`))).toEqual([]);
  });

  test('a type crosses no wall that a value may not cross', () => {
    expect(violations).toContain('runtime-arrows: runtime/types-too.ts');
  });

  test('two files that need each other are refused', () => {
    expect(violations.filter((violation) => violation.startsWith('no-circular'))).not.toEqual([]);
  });

  function plant(file: string, source: string): void {
    mkdirSync(path.dirname(path.join(house, file)), { recursive: true });
    writeFileSync(path.join(house, file), `${source}\n`);
  }
});

function importing(specifier: string): string {
  return `import * as there from '${specifier}';\nexport const seen = there;`;
}

function fileFor(specifier: string): string {
  return `uses-${specifier.replace(/\W+/g, '-')}.ts`;
}

/** Runs lint's own check in a folder; violations as `rule: file`. */
function cruise(folder: string): { violations: string[]; modules: number } {
  const bin = path.join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
  const args = [bin, '--config', '.dependency-cruiser.cjs', '--output-type', 'json', '.'];
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  // The JSON report ends with 0 whatever it found; anything else means that nothing was looked at.
  if (status !== 0 || signal !== null) throw new Error(`dependency-cruiser ended with ${status ?? signal}: ${stderr}`);
  const { summary } = JSON.parse(stdout) as {
    summary: { totalCruised: number; violations: { rule: { name: string }; from: string }[] };
  };
  return {
    violations: summary.violations.map(({ rule, from }) => `${rule.name}: ${from}`),
    modules: summary.totalCruised,
  };
}
