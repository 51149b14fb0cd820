// The house's arrows (docs/decisions/0001): bin → lib → model, bin → runtime → model, lambda → runtime → model.
// lib and runtime do not know each other; nothing that ships knows dev, test, bench or examples.
const house = '^(bin|lib|lambda|runtime|model|dev|examples|test|bench)/';
const only = (folder, allowed) => ({
  name: `${folder}-arrows`,
  comment: `${folder}/ may import from ${allowed.join(', ') || 'nothing'} only (docs/decisions/0001)`,
  severity: 'error',
  from: { path: `^${folder}/` },
  to: {
    path: house,
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
      comment: 'model/ holds pure functions and types: no I/O, no SDK, no CDK, no package at all',
      severity: 'error',
      from: { path: '^model/' },
      to: { pathNot: house },
    },
    {
      name: 'lib-needs-only-its-peers',
      comment:
        'the package installs nothing but itself: what the constructs import is what package.json names as peers',
      severity: 'error',
      from: { path: '^lib/' },
      to: { pathNot: `${house}|node_modules/(aws-cdk-lib|constructs)/`, dependencyTypesNot: ['core'] },
    },
    {
      name: 'lib-has-no-io',
      comment: 'constructs synthesise offline: no process, no network',
      severity: 'error',
      from: { path: '^lib/' },
      to: {
        path: '^(child_process|cluster|dgram|dns|http|http2|https|net|tls|worker_threads)(/|$)',
        dependencyTypes: ['core'],
      },
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
    // Built or configuration: not part of the house.
    exclude: { path: '^(dist|assets|assets[.]building-|coverage|scripts)|(^|/)cdk[.]out/|^[^/]+[.](js|cjs|mjs)$' },
  },
};
