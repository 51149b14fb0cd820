import { createHash, randomBytes } from 'node:crypto';
import type { PointAddress } from '../../model';

const ALPHABET = '0123456789abcdefghijklmnopqrstuvwxyz';
const LENGTH = 6;

/**
 * The address of a run's recovery point. A scheduled run is named by its scheduled time alone, so that a schedule that
 * fires twice names the same point; a run by hand gets a name nobody else has.
 */
export function addressOf(
  run: Pick<PointAddress, 'source' | 'component' | 'class'> & { scheduledAt?: Date; startedAt: Date },
): PointAddress {
  const { source, component, class: retention, scheduledAt, startedAt } = run;
  const time = new Date(Math.floor((scheduledAt ?? startedAt).getTime() / 1000) * 1000);
  const seed = scheduledAt
    ? createHash('sha256').update(`scheduled ${source} ${component} ${retention} ${time.toISOString()}`).digest()
    : randomBytes(LENGTH * 4);
  return { source, component, class: retention, time, run: letters(seed) };
}

function letters(seed: Buffer): string {
  return Array.from({ length: LENGTH }, (_, i) => ALPHABET[seed.readUInt32BE(i * 4) % ALPHABET.length]).join('');
}
