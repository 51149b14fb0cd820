// .ci/run, on a pretended checkout whose npm is a fake that notes how it is called and fails where it is told to.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const ROOT = path.join(__dirname, '../..');
const FAKE_NPM = `#!/bin/sh
echo "$CI npm $*" >> "$CHECKOUT/calls"
for last in "$@"; do :; done
case "$1 $2" in
  "run lint") exit "$LINT" ;;
  "run build") exit "$BUILD" ;;
  "test --") printf '%s' "$RESULT" > "\${last#--outputFile=}"; echo "Tests: jest's own summary" >&2; exit "$TESTS" ;;
esac
`;
const PASSED = JSON.stringify({ numPassedTests: 12, numFailedTests: 0, numRuntimeErrorTestSuites: 0 });

let checkout: string;

beforeEach(() => {
  checkout = mkdtempSync(path.join(os.tmpdir(), 'ci-'));
  mkdirSync(path.join(checkout, 'bin'));
  cpSync(path.join(ROOT, '.ci'), path.join(checkout, '.ci'), { recursive: true });
  cpSync(path.join(ROOT, 'scripts'), path.join(checkout, 'scripts'), { recursive: true });
  writeFileSync(path.join(checkout, 'scripts/ensure-tools.mjs'), '');
  writeFileSync(path.join(checkout, 'bin/npm'), FAKE_NPM, { mode: 0o755 });
});

afterEach(() => rmSync(checkout, { recursive: true, force: true }));

test('it installs what the lock file says, lints, builds and runs the command of the README, in this order', () => {
  expect(ci({}).status).toBe(0);
  expect(readFileSync(path.join(checkout, 'calls'), 'utf8').trim().split('\n')).toEqual([
    'true npm ci --no-audit --no-fund',
    'true npm run lint',
    'true npm run build',
    expect.stringMatching(/^true npm test -- --json --outputFile=/),
  ]);
});

test("the last line counts jest's result", () => {
  expect(ci({}).lastLine).toBe('12 passed, 0 failed');
});

test("failing tests end it with jest's own exit code and are counted, test files that could not run among them", () => {
  const result = JSON.stringify({ numPassedTests: 10, numFailedTests: 2, numRuntimeErrorTestSuites: 1 });
  expect(ci({ TESTS: '5', RESULT: result })).toMatchObject({ status: 5, lastLine: '10 passed, 3 failed' });
});

test('a finding of lint fails it though the tests pass, and the tests are run all the same', () => {
  const { status, stderr, lastLine } = ci({ LINT: '2' });
  expect(status).toBe(1);
  expect(stderr).toContain('lint failed (npm run lint ended with 2)');
  expect(lastLine).toBe('12 passed, 0 failed');
});

test('a build that fails ends it before the tests', () => {
  expect(ci({ BUILD: '3' }).status).toBe(3);
  expect(readFileSync(path.join(checkout, 'calls'), 'utf8')).not.toContain('npm test');
});

describe('a success without a test behind it is a failure', () => {
  const results = { 'no result': '', 'a result that counts nothing': '{}', 'a result that is not JSON': '{"numPassed' };
  test.each(Object.entries(results))('%s', (_name, result) => {
    expect(ci({ RESULT: result }).status).toBe(1);
  });
});

test('a count of failures is believed over an exit code that says success', () => {
  const result = JSON.stringify({ numPassedTests: 10, numFailedTests: 1 });
  expect(ci({ RESULT: result }).status).toBe(1);
});

function ci(settings: Partial<Record<'LINT' | 'BUILD' | 'TESTS' | 'RESULT', string>>) {
  const { status, stdout, stderr } = spawnSync(path.join(checkout, '.ci/run'), [], {
    cwd: os.tmpdir(),
    encoding: 'utf8',
    env: {
      PATH: `${path.join(checkout, 'bin')}:${path.dirname(process.execPath)}:/usr/bin:/bin`,
      CHECKOUT: checkout,
      LINT: '0',
      BUILD: '0',
      TESTS: '0',
      RESULT: PASSED,
      ...settings,
    },
  });
  return { status, stderr, lastLine: stdout.trimEnd().split('\n').at(-1) };
}
