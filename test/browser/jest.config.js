// npm run test:browser. Apart from the other tests, because it needs a browser, which it installs where it can.
const path = require('node:path');
const shared = require('../../jest.config.js');

/** @type {import('jest').Config} */
module.exports = {
  ...shared,
  rootDir: path.join(__dirname, '../..'),
  roots: ['<rootDir>/test/browser'],
  testMatch: ['**/*.browser.ts'],
  testTimeout: 5 * 60_000,
};
