// The house's arrows (docs/decisions/0001): bin → lib → model, bin → runtime → model, lambda → runtime → model.
// lib and runtime do not know each other; nothing that ships knows dev, test, bench or examples.
const only = (folder, allowed) => ({
  name: `${folder}-arrows`,
  comment: `${folder}/ may import from ${allowed.join(', ') || 'nothing'} only (docs/decisions/0001)`,
  severity: 'error',
  from: { path: `^${folder}/` },
  to: {
    path: '^(bin|lib|lambda|runtime|model|dev|examples|test|bench)/',
    pathNot: `^(${[folder, ...allowed].join('|')})/`,
  },
});
/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    only('model', []),
    only('runtime', ['model']),
    only('lib', ['model']),
    only('lambda', ['runtime', 'model']),
    only('bin', ['lib', 'runtime', 'model']),
    only('examples', ['lib']),
    only('dev', ['lib', 'lambda', 'runtime', 'model', 'bin']),
    only('bench', ['dev', 'runtime', 'model']),
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'model-is-pure',
      comment: 'model/ holds pure functions and types: no I/O, no SDK, no CDK',
      severity: 'error',
      from: { path: '^model/' },
      to: { dependencyTypes: ['core', 'npm', 'npm-dev', 'npm-peer'] },
    },
    {
      name: 'lib-has-no-sdk',
      comment: 'constructs synthesise offline: no AWS SDK, no process, no network',
      severity: 'error',
      from: { path: '^lib/' },
      to: { path: '@aws-sdk|@smithy|^(node:)?(http|https|net|child_process)$' },
    },
    {
      name: 'runtime-has-no-cdk',
      severity: 'error',
      from: { path: '^(runtime|lambda)/' },
      to: { path: 'node_modules/(aws-cdk-lib|constructs)/' },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
  },
};
