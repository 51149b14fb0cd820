// Builds what the package ships beside the constructs: the bundled program, the image's build context and the
// functions' handlers. Byte-reproducible (no times, no absolute paths, sorted inputs), else every asset hash moves.
//
//     node scripts/build-assets.mjs [--quiet] [--output FOLDER]
import { build } from 'esbuild';
import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { writeRdsCaBundle } from './rds-ca-bundle.mjs';
import { thirdPartyLicences } from './third-party-licences.mjs';

const LICENCES = 'THIRD-PARTY-LICENSES.txt';
const root = path.join(import.meta.dirname, '..');
const { values: options } = parseArgs({ options: { quiet: { type: 'boolean' }, output: { type: 'string' } } });
const output = path.resolve(options.output ?? path.join(root, 'assets'));
const { version } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'));

// Built aside and moved into place at the end: whoever reads assets/ meanwhile sees a whole one, and a failed build
// leaves the last good one.
await mkdir(path.dirname(output), { recursive: true });
const building = await mkdtemp(`${output}.building-`);
try {
  const program = await buildProgram();
  await buildImageContext(program);
  const functions = await buildFunctions();
  const metafiles = [program, ...functions].map((bundled) => bundled.metafile);
  await writeFile(path.join(building, LICENCES), await thirdPartyLicences(root, metafiles));
  await chmod(building, 0o755);
  await moveIntoPlace();
  if (!options.quiet) console.log(`assets: cli, image${functions.map(({ name }) => `, lambda/${name}`).join('')}`);
} finally {
  await rm(building, { recursive: true, force: true });
}

/** The command line, one file that Node runs without anything installed. */
async function buildProgram() {
  const file = path.join(building, 'cli', 'postgres-backup.js');
  const metafile = await bundle('runtime/cli/main.ts', file, 'node20');
  await chmod(file, 0o755);
  return { file, metafile };
}

/** All that image/Dockerfile copies, beside it. */
async function buildImageContext(program) {
  const context = path.join(building, 'image');
  await cp(path.join(root, 'image'), context, { recursive: true });
  await cp(program.file, path.join(context, path.basename(program.file)));
  await writeRdsCaBundle(path.join(context, 'rds-ca-bundle.pem'));
  await writeFile(path.join(context, LICENCES), await thirdPartyLicences(root, [program.metafile]));
}

/** Each folder of lambda/ with an index.ts is a function. */
async function buildFunctions() {
  const folders = existsSync(path.join(root, 'lambda')) ? await readdir(path.join(root, 'lambda')) : [];
  const names = folders.filter((name) => existsSync(path.join(root, 'lambda', name, 'index.ts'))).sort();
  const bundled = [];
  for (const name of names) {
    const file = path.join(building, 'lambda', name, 'index.js');
    bundled.push({ name, metafile: await bundle(`lambda/${name}/index.ts`, file, 'node24') });
  }
  return bundled;
}

async function bundle(entry, outfile, target) {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile,
    target,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    // The paths of modules are in the result; where node_modules is a link, they must not be those it points to.
    preserveSymlinks: true,
    define: { __POSTGRES_BACKUP_VERSION__: JSON.stringify(version) },
    minifySyntax: true,
    minifyWhitespace: true,
    keepNames: true,
    legalComments: 'none',
    sourcemap: false,
    metafile: true,
    logLevel: 'warning',
  });
  return metafile;
}

async function moveIntoPlace() {
  const previous = `${building}.previous`;
  if (existsSync(output)) await rename(output, previous);
  await rename(building, output);
  await rm(previous, { recursive: true, force: true });
}
