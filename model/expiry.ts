/**
 * How a recovery point ends: retention marks each of its objects with this tag, and a lifecycle rule of the vault on this
 * tag does the deleting. So nothing in the system needs a permission to delete, and what is not marked stays for ever.
 */
export const EXPIRY_TAG = { key: 'postgres-backup:expire', value: 'true' } as const;
