// Audits the WAL archive every few minutes: see runtime/wal/publish-audit.ts.
import { openS3Store } from '../../runtime/store/s3-store';
import { publishAudit, readAuditSettings } from '../../runtime/wal/publish-audit';

/** The part of the platform's context that is needed. */
interface FunctionContext {
  getRemainingTimeInMillis(): number;
}

export async function handler(_event: unknown, context: FunctionContext): Promise<void> {
  const { vaultUri, source } = readAuditSettings(process.env);
  await publishAudit({
    store: openS3Store(vaultUri),
    source,
    now: () => new Date(),
    signal: AbortSignal.timeout(context.getRemainingTimeInMillis()),
    // Not console.log, which the platform wraps: a line is read as metrics only as it is.
    write: (line) => void process.stdout.write(line),
  });
}
