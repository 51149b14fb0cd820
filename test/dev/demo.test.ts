/** The demonstration: `npm run demo`. */
import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { claim } from '../../dev/demo/claim';
import { Narrator } from '../../dev/demo/narrator';
import { plainStyle } from '../../runtime/observe/style';

const MAIN = path.join(__dirname, '..', '..', 'dev', 'demo', 'main.ts');
const WHOLE_STORY_TIMEOUT_MS = 240_000;

describe('the whole story', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'demo-test-'));
    // Where root runs this, PostgreSQL runs as another user, who must be able to pass through.
    await chmod(folder, 0o711);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test(
    'shows everything it claims, in 80 columns, and leaves nothing behind',
    async () => {
      const { exitCode, stdout } = await demo(folder);
      expect({ exitCode, stdout }).toEqual({
        exitCode: 0,
        stdout: expect.stringContaining('All of it is so') as string,
      });
      const steps = [...stdout.matchAll(/^ {1,2}\d+ (.{11})/gm)].map(([, name]) => name.trim());
      expect(steps.slice(0, 7)).toEqual(['start', 'deploy', 'make', 'remember', 'back up', 'verify', 'look']);
      expect(steps.slice(7, 12)).toEqual(['destroy', 'restore', 'compare', 'stand still', 'go on']);
      expect(steps.slice(12)).toEqual(['flip a bit', 'cut short', 'rights', 'clean up']);
      expect(stdout.split('\n').filter((line) => Array.from(line).length > 79)).toEqual([]);
      expect(stdout).not.toContain('\x1b');
      expect(readdirSync(folder).filter((name) => name.startsWith('postgres-backup-'))).toEqual([]);
    },
    WHOLE_STORY_TIMEOUT_MS,
  );

  test('an option it does not know is wrong usage, and nothing is begun', async () => {
    const { exitCode, stdout, stderr } = await demo(folder, '--keeep');
    expect(exitCode).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain("Unknown option '--keeep'");
  });
});

describe('a step', () => {
  test('that does not show what it claims fails, and says what was claimed and seen', async () => {
    const lines: string[] = [];
    const narrator = new Narrator({ write: (text) => lines.push(text) }, plainStyle);
    const step = narrator.step('compare', async () => claim([].length > 0, 'everything is as before', 'one row less'));
    await expect(step).rejects.toThrow('everything is as before: not so');
    expect(lines.join('')).toMatch(/1 compare +failed .*\n +claimed: everything is as before\n +seen: one row less\n/);
  });
});

interface DemoRun {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function demo(folder: string, ...args: string[]): Promise<DemoRun> {
  const tsx = require.resolve('tsx/cli');
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [tsx, MAIN, ...args],
      { env: { ...process.env, TMPDIR: folder } },
      (_error, stdout, stderr) => resolve({ exitCode: child.exitCode, stdout, stderr }),
    );
  });
}
