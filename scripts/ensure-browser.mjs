// Makes sure that Chromium is there before the tests that need a browser: finds it, else installs Debian's package, else says
// in one sentence what to install. Silent when it is there.
import { spawnSync } from 'node:child_process';

const found = spawnSync('chromium', ['--version'], { stdio: 'ignore' });
if (found.status !== 0) {
  console.error('installing chromium with apt-get');
  const steps = [
    ['update', '-q'],
    ['install', '-y', '-q', '--no-install-recommends', 'chromium'],
  ];
  for (const step of steps) {
    const { status, error } = spawnSync('apt-get', step, { stdio: ['ignore', 'ignore', 'inherit'] });
    if (status === 0) continue;
    console.error(
      `chromium is needed and could not be installed (${error?.message ?? `apt-get ended with ${status}`}): install it and run this again`,
    );
    process.exit(1);
  }
}
