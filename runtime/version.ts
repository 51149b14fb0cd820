// The version of the tool: what `--version` prints and what every manifest records.
import { readFileSync } from 'node:fs';
import path from 'node:path';

/** Put in place of this name when the program is bundled (scripts/build-assets.mjs). */
declare const __POSTGRES_BACKUP_VERSION__: string | undefined;

/** The version in package.json, such as `0.1.0`. */
export const VERSION: string =
  typeof __POSTGRES_BACKUP_VERSION__ === 'string' ? __POSTGRES_BACKUP_VERSION__ : versionOfCheckout();

/** Not bundled means run from a checkout, where package.json is one folder up. */
function versionOfCheckout(): string {
  const file = path.join(__dirname, '..', 'package.json');
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
