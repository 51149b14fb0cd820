import { InvalidArgumentError } from 'commander';

/** The name of a replication slot, as PostgreSQL allows them. */
export function slotName(text: string): string {
  if (!/^[a-z0-9_]{1,63}$/.test(text)) {
    throw new InvalidArgumentError('Give 1 to 63 lower-case letters, digits and underscores.');
  }
  return text;
}
