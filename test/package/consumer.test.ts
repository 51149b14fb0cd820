// The package as a user gets it: packed, installed into an empty project with nothing but its peers, compiled against,
// synthesised without Docker or esbuild on PATH, and its program run. `npm test` builds what is packed here.
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const ROOT = path.join(__dirname, '../..');
/** Every file that may be in the package. What is not here is a source, a test, or somebody's secret. */
const SHIPPED = [
  /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|API\.md|\.jsii)$/,
  /^dist\/(lib|model)\/[\w/-]+\.(js|d\.ts)$/,
  /^assets\/(THIRD-PARTY-LICENSES\.txt|cli\/postgres-backup\.js)$/,
  /^assets\/image\/(Dockerfile|postgres-backup\.js|rds-ca-bundle\.pem|THIRD-PARTY-LICENSES\.txt)$/,
  /^assets\/lambda\/[\w-]+\/index\.js$/,
  /^docs\/[\w/-]+\.md$/,
];
const NEEDED = [
  ...['package.json', 'LICENSE', 'CHANGELOG.md', '.jsii', 'dist/lib/index.js', 'dist/lib/index.d.ts'],
  ...['dist/model/index.js', 'assets/cli/postgres-backup.js', 'assets/THIRD-PARTY-LICENSES.txt'],
  ...['Dockerfile', 'postgres-backup.js', 'rds-ca-bundle.pem', 'THIRD-PARTY-LICENSES.txt'].map(
    (f) => `assets/image/${f}`,
  ),
];

let project: string;
let shipped: string[];

beforeAll(() => {
  for (const built of ['dist/lib/index.js', '.jsii', 'assets/cli/postgres-backup.js']) {
    if (!existsSync(path.join(ROOT, built))) throw new Error(`${built} is not there: run npm run build, or npm test`);
  }
  project = mkdtempSync(path.join(os.tmpdir(), 'consumer-'));
  shipped = packAndInstall();
  copyFileSync(path.join(__dirname, 'consumer-app.ts.txt'), path.join(project, 'app.ts'));
}, 180_000);

afterAll(() => rmSync(project, { recursive: true, force: true }));

test('nothing is in the package but what a user needs', () => {
  expect(shipped.filter((file) => !SHIPPED.some((pattern) => pattern.test(file)))).toEqual([]);
  expect(NEEDED.filter((file) => !shipped.includes(file))).toEqual([]);
});

test('nothing compiled is shipped whose source is gone', () => {
  const sources = shipped.filter((file) => file.startsWith('dist/')).map((file) => file.slice('dist/'.length));
  const gone = sources.filter((file) => !existsSync(path.join(ROOT, file.replace(/(\.d\.ts|\.js)$/, '.ts'))));
  expect(gone).toEqual([]);
});

test('it brings no package along: the CDK is the one that the user has', () => {
  const installed = readdirSync(path.join(project, 'node_modules')).filter((name) => !name.startsWith('.'));
  expect(installed.sort()).toEqual(['aws-cdk-lib', 'cdk-postgres-backup', 'constructs']);
  expect(existsSync(path.join(project, 'node_modules/cdk-postgres-backup/node_modules'))).toBe(false);
});

describe('an app that uses it', () => {
  let template: { Resources: Record<string, { Type: string }> };
  let assets: {
    dockerImages: Record<string, { source: { directory: string; dockerBuildArgs?: Record<string, string> } }>;
  };

  beforeAll(() => {
    compile();
    succeeded(runApp('cdk.out'));
    template = readJson('cdk.out/orders.template.json');
    assets = readJson('cdk.out/orders.assets.json');
  }, 180_000);

  test('compiles against the types as shipped, and synthesises without Docker, esbuild or a network', () => {
    const types = Object.values(template.Resources).map(({ Type }) => Type);
    expect(types).toEqual(expect.arrayContaining(['AWS::Scheduler::Schedule', 'AWS::ECS::TaskDefinition']));
  });

  test('stages the image for the major of its server, with everything its Dockerfile copies', () => {
    const [image, ...others] = Object.values(assets.dockerImages);
    expect(others).toEqual([]);
    expect(image.source.dockerBuildArgs).toEqual({ POSTGRES_MAJOR: '16' });
    const staged = readdirSync(path.join(project, 'cdk.out', image.source.directory));
    const inPackage = shipped.filter((file) => file.startsWith('assets/image/')).map((file) => path.basename(file));
    expect(staged.sort()).toEqual(inPackage.sort());
  });
});

test('the oldest CDK that it says it works with does', () => {
  const oldest = path.join(ROOT, 'node_modules/aws-cdk-lib-oldest');
  const { peerDependencies } = readJson<{ peerDependencies: Record<string, string> }>(
    'node_modules/cdk-postgres-backup/package.json',
  );
  const { version } = JSON.parse(readFileSync(path.join(oldest, 'package.json'), 'utf8')) as { version: string };
  expect(peerDependencies['aws-cdk-lib']).toBe(`^${version}`);
  const linked = path.join(project, 'node_modules/aws-cdk-lib');
  rmSync(linked);
  symlinkSync(oldest, linked);
  succeeded(runApp('cdk.out-oldest'));
  const [now, then] = ['cdk.out', 'cdk.out-oldest'].map((out) =>
    Object.keys(readJson<{ Resources: object }>(`${out}/orders.template.json`).Resources).sort(),
  );
  expect(then).toEqual(now);
});

describe('the program', () => {
  test('is a command of the project it was installed into', () => {
    expect(succeeded(npm('exec', '--offline', '--', 'postgres-backup', '--help'))).toContain('Usage: postgres-backup');
  });

  test('says the version of the package', () => {
    const { version } = readJson<{ version: string }>('node_modules/cdk-postgres-backup/package.json');
    expect(npm('exec', '--offline', '--', 'postgres-backup', '--version').stdout.trim()).toBe(version);
  });
});

/** Packs this checkout and installs the tarball; the files it holds. */
function packAndInstall(): string[] {
  // Without scripts: prepack would build everything anew under the feet of the other tests.
  const packed = npm('pack', ROOT, '--ignore-scripts', '--json', '--silent');
  const [{ filename, files }] = JSON.parse(succeeded(packed)) as { filename: string; files: { path: string }[] }[];
  writeFileSync(
    path.join(project, 'package.json'),
    JSON.stringify({ name: 'orders', version: '1.0.0', private: true }),
  );
  // The peers are linked from this checkout instead of copied; offline, so that anything else it wanted would be missed.
  const peers = ['aws-cdk-lib', 'constructs'].map((name) => `${name}@file:${path.join(ROOT, 'node_modules', name)}`);
  succeeded(npm('install', '--offline', '--no-audit', '--no-fund', `./${filename}`, ...peers));
  return files.map((file) => file.path);
}

function runApp(outdir: string) {
  const env = { PATH: pathOfNothingButNode() };
  return spawnSync(process.execPath, ['app.js', outdir], { cwd: project, env, encoding: 'utf8' });
}

function compile(): void {
  const settings = {
    compilerOptions: {
      target: 'ES2022',
      module: 'CommonJS',
      strict: true,
      types: ['node'],
      typeRoots: [path.join(ROOT, 'node_modules/@types')],
    },
    files: ['app.ts'],
  };
  writeFileSync(path.join(project, 'tsconfig.json'), JSON.stringify(settings));
  const tsc = path.join(ROOT, 'node_modules/typescript/bin/tsc');
  succeeded(spawnSync(process.execPath, [tsc, '-p', '.'], { cwd: project, encoding: 'utf8' }));
}

/** A PATH on which there is no docker, no esbuild, nothing to fall back on. */
function pathOfNothingButNode(): string {
  const bin = path.join(project, 'bin');
  if (existsSync(bin)) return bin;
  mkdirSync(bin);
  symlinkSync(process.execPath, path.join(bin, 'node'));
  return bin;
}

function npm(...args: string[]) {
  // What npm told the npm that runs these tests must not reach the user's project.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));
  return spawnSync('npm', args, { cwd: project, env, encoding: 'utf8' });
}

function succeeded(ended: { status: number | null; stdout: string; stderr: string }): string {
  if (ended.status !== 0) throw new Error(`ended with ${ended.status}: ${ended.stdout}\n${ended.stderr}`);
  return ended.stdout;
}

function readJson<Content>(file: string): Content {
  return JSON.parse(readFileSync(path.join(project, file), 'utf8')) as Content;
}
