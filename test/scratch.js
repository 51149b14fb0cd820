// Before the first test. Everything that a run of the tests leaves in the temporary directory, templates of the CDK's own above all,
// goes into one directory and is gone when the run has ended. Servers run as another user, so it is open as the temporary directory
// itself is. And nothing that this machine is set up with reaches a test: not its AWS profile, nor its database.
const { chmodSync, mkdtempSync, rmSync } = require('node:fs');
const os = require('node:os');
const path = require('node:path');

/** What libpq, the AWS SDK, the CDK and the program itself read. Which server programs are used is for whoever runs the tests to say. */
const READ = /^(PG|AWS_|CDK_|ECS_|POSTGRES_BACKUP_(?!PG_BINDIR$)|DATABASE_URL$)/;

/** Files of this machine, and the machine's own role where it is one of Amazon EC2. */
const NOTHING_OF_AWS = {
  AWS_CONFIG_FILE: os.devNull,
  AWS_SHARED_CREDENTIALS_FILE: os.devNull,
  AWS_EC2_METADATA_DISABLED: 'true',
};

module.exports = async function makeScratch() {
  for (const name of Object.keys(process.env)) if (READ.test(name)) delete process.env[name];
  Object.assign(process.env, NOTHING_OF_AWS);
  // Short: the name of a socket in it may have a hundred characters.
  const scratch = mkdtempSync(path.join(os.tmpdir(), 'pb-'));
  chmodSync(scratch, 0o1777);
  process.env.TMPDIR = scratch;
  globalThis.removeScratch = () => rmSync(scratch, { recursive: true, force: true, maxRetries: 3 });
};
