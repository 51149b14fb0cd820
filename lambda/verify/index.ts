// Verifies new recovery points, and all of them daily: see runtime/verification/verifier.ts.
import { openS3Store } from '../../runtime/store/s3-store';
import { readSettings } from '../../runtime/verification/settings';
import { handleVerification } from '../../runtime/verification/verifier';

/** The part of the platform's context that is needed. */
interface FunctionContext {
  getRemainingTimeInMillis(): number;
}

export async function handler(event: unknown, context: FunctionContext): Promise<void> {
  const settings = readSettings(process.env);
  await handleVerification(event, {
    settings,
    store: openS3Store(settings.vaultUri),
    // Not console.log, which the platform wraps: a line is read as metrics only as it is.
    write: (line) => void process.stdout.write(line),
    now: () => new Date(),
    remainingMs: () => context.getRemainingTimeInMillis(),
  });
}
