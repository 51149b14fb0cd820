// Builds what the package ships beside the constructs: the bundled program, the image's build context and the
// function handlers. Byte-reproducible: no timestamps, no absolute paths, sorted inputs — else every asset hash moves.
import { build } from 'esbuild';
import { cp, mkdir, readdir, rm, chmod } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');
const assets = path.join(root, 'assets');
const quiet = process.argv.includes('--quiet');

const bundle = (entry, outfile, extra = {}) =>
  build({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    minifySyntax: true,
    minifyWhitespace: true,
    keepNames: true,
    legalComments: 'eof',
    sourcemap: false,
    logLevel: 'warning',
    ...extra,
  });

await rm(assets, { recursive: true, force: true });
await mkdir(path.join(assets, 'cli'), { recursive: true });
const cli = path.join(assets, 'cli', 'postgres-backup.js');
await bundle('runtime/cli/main.ts', cli);
await chmod(cli, 0o755);

await cp(path.join(root, 'image'), path.join(assets, 'image'), { recursive: true });
await cp(cli, path.join(assets, 'image', 'postgres-backup.js'));

const lambda = path.join(root, 'lambda');
const functions = existsSync(lambda)
  ? (await readdir(lambda, { withFileTypes: true })).filter((e) => e.isDirectory())
  : [];
for (const { name } of functions) {
  await bundle(`lambda/${name}/index.ts`, path.join(assets, 'lambda', name, 'index.js'), { target: 'node24' });
}
if (!quiet) console.log(`assets: cli, image${functions.map((f) => `, lambda/${f.name}`).join('')}`);
