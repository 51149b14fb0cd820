// npm run test:versions. Apart from the other tests: the first time it fetches PostgreSQL 16 and 18. Tests that are there for any
// version are run again with each; those in this folder are about versions themselves, and find both.
const path = require('node:path');
const { maxWorkers, testTimeout: _short, ...shared } = require('../../jest.config.js');

const AGAIN = [
  'integration/{round-trip,roles,target,by-hand,selected-tables,wal-archive}',
  'runtime/wal/receive/receive-wal',
  'runtime/postgres/{preflight,catalog-fingerprint,catalog-details,throwaway-server}',
  'runtime/drill/{drill,damage,hostile}',
  'runtime/drill/base-backup/{moment,damage}',
  'runtime/components/base-backup/base-backup',
  'runtime/recovery/{moments,refusals}',
];

const project = (name, testMatch) => ({
  ...shared,
  displayName: `PostgreSQL ${name}`,
  rootDir: path.join(__dirname, '../..'),
  setupFiles: [...shared.setupFiles, path.join(__dirname, `use-${name}.js`)],
  testMatch,
});

const again = [...AGAIN.map((files) => `<rootDir>/test/${files}.test.ts`), '<rootDir>/test/versions/**/*.again.ts'];

/** @type {import('jest').Config} */
module.exports = {
  rootDir: path.join(__dirname, '../..'),
  projects: [
    project('16', again),
    project('18', again),
    project('16-and-18', ['<rootDir>/test/versions/**/*.versions.ts']),
  ],
  globalSetup: path.join(__dirname, 'find-versions.js'),
  testTimeout: 10 * 60_000,
  maxWorkers,
};
