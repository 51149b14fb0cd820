import { IConstruct } from 'constructs';
import { componentPrefix } from '../model';
import { IBackupVault } from './backup-vault-props';
import { BackupComponent } from './backup-component';

/** Who writes where, in each app. */
const claims = new WeakMap<IConstruct, Map<string, string>>();

/**
 * Throws when something else in the app already stores the same component under the same source name in the same vault.
 * Two that share a prefix would count as one: retention would end the backups of one because the other has newer ones.
 */
export function claimPrefix(
  claimant: IConstruct,
  vault: IBackupVault,
  source: string,
  component: BackupComponent,
): void {
  const root = claimant.node.root;
  const claimed = claims.get(root) ?? new Map<string, string>();
  claims.set(root, claimed);
  const place = `${vault.vaultUri}/${componentPrefix(source, component)}`;
  const holder = claimed.get(place);
  if (holder !== undefined) {
    throw new Error(
      `source name '${source}' is taken: ${holder} already stores its ${component} under it in the same vault. ` +
        `Give the source of ${claimant.node.path} another name, such as { name: '${source}-2' }`,
    );
  }
  claimed.set(place, claimant.node.path);
}
