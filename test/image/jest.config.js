// npm run test:image. Apart from the other tests, because it makes base images from the distribution's packages.
const path = require('node:path');
const shared = require('../../jest.config.js');

/** @type {import('jest').Config} */
module.exports = {
  ...shared,
  rootDir: path.join(__dirname, '../..'),
  roots: ['<rootDir>/test/image'],
  testPathIgnorePatterns: ['/node_modules/'],
  testTimeout: 15 * 60_000,
};
