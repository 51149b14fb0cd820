/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  transform: { '^.+\\.ts$': ['@swc/jest', { jsc: { target: 'es2022' } }] },
  // Builds an image, which takes minutes: npm run test:image.
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/image/image.test.ts'],
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/assets/', '<rootDir>/cdk.out/'],
  globalSetup: '<rootDir>/test/scratch.js',
  globalTeardown: '<rootDir>/test/remove-scratch.js',
  setupFiles: ['<rootDir>/test/setup.js'],
  // Patience with a busy machine: nothing here is meant to take so long.
  testTimeout: 120_000,
  maxWorkers: 2,
};
