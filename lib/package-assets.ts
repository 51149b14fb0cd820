/**
 * Where the package keeps what it ships beside the constructs: the image's directory and the functions' code, built into
 * `assets/`.
 */
import { existsSync, readFileSync } from 'fs';
import * as path from 'path';

/**
 * A directory below `assets/`. Throws unless it holds the file that it is for: an installation that is not whole must not
 * be deployed.
 */
export function assetDirectory(directory: string, requiredFile: string): string {
  const found = path.join(packageRoot(), 'assets', directory);
  if (!existsSync(path.join(found, requiredFile))) {
    throw new Error(
      `the directory ${found} is not there or has no ${requiredFile}: in a checkout of cdk-postgres-backup, run npm run build:assets; else install the package again`,
    );
  }
  return found;
}

/** The nearest folder above with our package.json: this file runs from lib/ and, compiled, from dist/lib/. */
function packageRoot(): string {
  const candidates = ['..', '../..'].map((up) => path.join(__dirname, up));
  const root = candidates.find((folder) => {
    const manifest = path.join(folder, 'package.json');
    return existsSync(manifest) && (JSON.parse(readFileSync(manifest, 'utf8')) as { name?: string }).name === PACKAGE;
  });
  if (root === undefined) throw new Error(`the folder of the package ${PACKAGE} was not found above ${__dirname}`);
  return root;
}

const PACKAGE = 'cdk-postgres-backup';
