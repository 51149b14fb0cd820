// Marks the log that no base backup needs any more, daily: see runtime/wal/expire.ts.
import { openS3Store } from '../../runtime/store/s3-store';
import { expireWal } from '../../runtime/wal/expire';
import { readAuditSettings } from '../../runtime/wal/publish-audit';

/** The part of the platform's context that is needed. */
interface FunctionContext {
  getRemainingTimeInMillis(): number;
}

/** Kept for telling how it ended. */
const ENDING_MS = 10_000;

export async function handler(_event: unknown, context: FunctionContext): Promise<void> {
  const { vaultUri, source } = readAuditSettings(process.env);
  await expireWal(openS3Store(vaultUri), source, {
    now: () => new Date(),
    signal: AbortSignal.timeout(Math.max(1, context.getRemainingTimeInMillis() - ENDING_MS)),
    // Not console.log, which the platform wraps: a line is read as metrics only as it is.
    write: (line) => void process.stdout.write(line),
  });
}
