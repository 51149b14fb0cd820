import { spawn } from 'node:child_process';
import { openSync, closeSync } from 'node:fs';
import path from 'node:path';

const FIXTURE = path.join(__dirname, 'support', 'ending-fixture.ts');
const DEFECT = 'told: internal';

interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdoutBytes: number;
  readonly stderr: string;
}

function endedIn(way: string, stdout: 'pipe' | number = 'pipe', onChild?: (close: () => void) => void): Promise<Ended> {
  const child = spawn(process.execPath, ['--import', 'tsx', FIXTURE, way], { stdio: ['ignore', stdout, 'pipe'] });
  let stdoutBytes = 0;
  let stderr = '';
  child.stdout?.on('data', (chunk: Buffer) => (stdoutBytes += chunk.length));
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  onChild?.(() => child.stdout?.destroy());
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, stdoutBytes, stderr }));
  });
}

test.each([
  ['good end', 0],
  ['unverified end', 3],
  ['something still open', 0],
])('after a %s the exit code is %d and nothing is told', async (way, code) => {
  expect(await endedIn(way)).toMatchObject({ code, signal: null, stderr: '' });
});

test('a run with nothing left to wait for and no end is a failure, where Node alone would say 0', async () => {
  const ended = await endedIn('nothing left to wait for');
  expect(ended.code).toBe(1);
  expect(ended.stderr).toBe(`${DEFECT} the run ended before it was finished\n`);
});

test.each(['thrown in a timer', 'promise nobody looked at'])('an error %s is told and ends with 1', async (way) => {
  const ended = await endedIn(way);
  expect(ended.code).toBe(1);
  expect(ended.stderr).toBe(`${DEFECT} ${way}\n`);
});

test('an end at once says nothing more', async () => {
  expect(await endedIn('ended at once')).toMatchObject({ code: 1, stderr: '' });
});

test('everything is written before the end', async () => {
  expect(await endedIn('much to write')).toMatchObject({ code: 0, stdoutBytes: 4_000_001 });
});

test('a reader that has seen enough changes nothing', async () => {
  const ended = await endedIn('much to write', 'pipe', (close) => close());
  expect(ended).toMatchObject({ code: 0, stderr: '' });
});

// Linux's device on which every write fails for want of space.
const FULL = process.platform === 'linux' ? ['/dev/full'] : [];
test.each([...FULL, 'a file opened for reading'])(
  'an answer that cannot be written to %s is a failure',
  async (file) => {
    const descriptor = file === '/dev/full' ? openSync(file, 'w') : openSync(__filename, 'r');
    try {
      const ended = await endedIn('much to write', descriptor);
      expect(ended.code).toBe(1);
      expect(ended.stderr).toContain(DEFECT);
    } finally {
      closeSync(descriptor);
    }
  },
);
