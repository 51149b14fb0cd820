// npm run test:peers. Apart from the other tests, because it builds MinIO, which takes minutes the first time.
const path = require('node:path');
const shared = require('../../jest.config.js');

/** @type {import('jest').Config} */
module.exports = {
  ...shared,
  rootDir: path.join(__dirname, '../..'),
  roots: ['<rootDir>/test/peers'],
  testMatch: ['**/*.peer.ts'],
  testTimeout: 3 * 60_000,
  maxWorkers: 1,
};
