// Where PostgreSQL 18 and 16 are, for the processes that tests run in.
const { execFileSync } = require('node:child_process');
const path = require('node:path');

module.exports = function findVersions() {
  const said = execFileSync(process.execPath, [path.join(__dirname, '../../scripts/ensure-versions.mjs')], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  [process.env.TEST_BINDIR_18, process.env.TEST_BINDIR_16] = said.trim().split('\n');
};
