// Everything that a run of the tests leaves in the temporary directory, templates of the CDK's own above all, goes into one directory
// and is gone when the run has ended. Servers run as another user, so it is open as the temporary directory itself is.
const { chmodSync, mkdtempSync, rmSync } = require('node:fs');
const os = require('node:os');
const path = require('node:path');

module.exports = async function makeScratch() {
  // Short: the name of a socket in it may have a hundred characters.
  const scratch = mkdtempSync(path.join(os.tmpdir(), 'pb-'));
  chmodSync(scratch, 0o1777);
  process.env.TMPDIR = scratch;
  globalThis.removeScratch = () => rmSync(scratch, { recursive: true, force: true, maxRetries: 3 });
};
