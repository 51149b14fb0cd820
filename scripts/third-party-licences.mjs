// Collects the licences of the packages that were bundled into a program: their terms ask that the text travels along.
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

const LICENCE_FILE = /^(licen[cs]e|notice|copying)(\.[a-z]+)?$/i;

/** The text to ship beside bundles, from esbuild's metafiles. Sorted by package, so that it is the same every time. */
export async function thirdPartyLicences(root, metafiles) {
  const packages = new Set(metafiles.flatMap((metafile) => Object.keys(metafile.inputs).flatMap(packageFolder)));
  const sections = [];
  for (const folder of [...packages].sort()) sections.push(await section(path.join(root, folder)));
  return sections.join(`\n${'='.repeat(100)}\n\n`);
}

/** `node_modules/@smithy/core/dist/index.js` → `node_modules/@smithy/core`; nothing for our own files. */
function packageFolder(input) {
  return /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.slice(0, 1) ?? [];
}

async function section(folder) {
  const { name, version, license } = JSON.parse(await readFile(path.join(folder, 'package.json'), 'utf8'));
  const files = (await readdir(folder)).filter((file) => LICENCE_FILE.test(file)).sort();
  const texts = await Promise.all(files.map((file) => readFile(path.join(folder, file), 'utf8')));
  return `${name} ${version} (${license})\n\n${texts.map((text) => text.trim()).join('\n\n')}\n`;
}
