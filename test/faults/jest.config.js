/** Long matrices and large streams: npm run test:long. They are called `.long.ts`, so that `npm test` leaves them alone. */
const { testPathIgnorePatterns: _short, ...base } = require('../../jest.config.js');

/** @type {import('jest').Config} */
module.exports = {
  ...base,
  rootDir: '../..',
  testMatch: ['<rootDir>/test/faults/**/*.long.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
  testTimeout: 1_800_000,
  maxWorkers: 1,
};
