// Marks the recovery points whose time is over, daily: see runtime/retention/retain-all.ts.
import { retainAll } from '../../runtime/retention/retain-all';
import { readRetentionSettings } from '../../runtime/retention/settings';
import { openS3Store } from '../../runtime/store/s3-store';

/** The part of the platform's context that is needed. */
interface FunctionContext {
  getRemainingTimeInMillis(): number;
}

export async function handler(_event: unknown, context: FunctionContext): Promise<void> {
  const { vaultUri, requests } = readRetentionSettings(process.env);
  await retainAll({
    requests,
    store: openS3Store(vaultUri),
    // Not console.log, which the platform wraps: a line is read as metrics only as it is.
    write: (line) => void process.stdout.write(line),
    now: () => new Date(),
    remainingMs: () => context.getRemainingTimeInMillis(),
  });
}
