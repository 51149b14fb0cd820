/** The result of a verification as it lies beside the manifest: read, and written. */
import { createHash } from 'node:crypto';
import { VERIFICATION_FORMAT, VERIFICATION_NAME, type Outcome, type Verification } from '../../model';
import type { ObjectStore } from '../store/store';
import { readText, type ReadRecord } from './read-text';

/**
 * The newest result for the recovery point at this prefix; nothing when there is none that can be read. It says something
 * only of the manifest that it names: see {@link outcomeFor}.
 */
export async function readVerification(
  store: ObjectStore,
  prefix: string,
  read: ReadRecord = readText,
): Promise<Verification | undefined> {
  const text = await read(store, `${prefix}${VERIFICATION_NAME}`);
  const value = text === undefined ? undefined : parseJson(text);
  return isVerification(value) ? value : undefined;
}

/** Writes the result; the newest version of it counts. */
export async function writeVerification(store: ObjectStore, prefix: string, verification: Verification): Promise<void> {
  const body = Buffer.from(`${JSON.stringify(verification, null, 1)}\n`);
  await store.put(`${prefix}${VERIFICATION_NAME}`, body, { contentType: 'application/json' });
}

/**
 * What a result says of a manifest. Written once, a manifest never changes: another in its place has failed. A result that was
 * stopped before it read one names none, and says only that: it cannot have passed.
 */
export function outcomeFor(verification: Verification | undefined, manifestText: string): Outcome | 'not verified' {
  if (!verification) return 'not verified';
  const { manifestSha256, outcome } = verification;
  if (manifestSha256 === '') return outcome === 'passed' ? 'could not verify' : outcome;
  return manifestSha256 === sha256Of(manifestText) ? outcome : 'failed';
}

/** How the newest verification of the manifest at this prefix ended. What says that it failed is believed in any form. */
export async function readOutcome(
  store: ObjectStore,
  prefix: string,
  manifestText: string,
  read: ReadRecord = readText,
): Promise<Outcome | 'not verified'> {
  const text = await read(store, `${prefix}${VERIFICATION_NAME}`);
  const value = text === undefined ? undefined : parseJson(text);
  return value?.outcome === 'failed' ? 'failed' : outcomeFor(isVerification(value) ? value : undefined, manifestText);
}

export function sha256Of(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Not JSON is as good as none: the next verification writes a new one. */
function parseJson(text: string): Partial<Verification> | undefined {
  try {
    return (JSON.parse(text) as Partial<Verification> | null) ?? undefined;
  } catch {
    return undefined;
  }
}

const OUTCOMES: readonly unknown[] = ['passed', 'failed', 'could not verify'] satisfies Outcome[];

function isVerification(value: Partial<Verification> | undefined): value is Verification {
  return (
    value?.format === VERIFICATION_FORMAT &&
    OUTCOMES.includes(value.outcome) &&
    typeof value.manifestSha256 === 'string' &&
    typeof value.verifiedAt === 'string' &&
    Array.isArray(value.findings)
  );
}
