/** The rights of a function on the vault, as its template gives them: what it may do, what it did, and what it was refused. */
import type { AuthorizationRequest } from '../../../dev/s3';
import type { Permission } from '../../lib/support/policies';
import { FUNCTION } from './call-function';

export class Rights {
  readonly used = new Set<string>();
  refused: string[] = [];

  /** @param given of one bucket, so that a resource in the template is known by what follows the bucket: all of its keys */
  constructor(private readonly given: readonly Permission[]) {}

  /** The actions that the template gives. */
  get actions(): string[] {
    return [...new Set(this.given.map(({ action }) => action))].sort();
  }

  /** For the server: whoever is not the function may do everything. */
  readonly authorize = ({ accessKeyId, action, key, conditions }: AuthorizationRequest): boolean => {
    if (accessKeyId !== FUNCTION.accessKeyId) return true;
    const allowed = this.given.some((one) => {
      if (one.action !== action) return false;
      if (key === undefined) return (conditions['s3:prefix'] ?? '').startsWith('orders/');
      const [, below = ''] = /"(\/[^"]*)"/.exec(one.resource) ?? [];
      const pattern = below.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*');
      return new RegExp(`^${pattern}$`).test(`/${key}`);
    });
    if (allowed) this.used.add(action);
    else this.refused.push(`${action} ${key ?? ''}`);
    return allowed;
  };
}
