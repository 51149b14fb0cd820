// Mirrors between the runs what events of the source tell of: see runtime/components/objects/continuous/handle-batch.ts.
import { handleBatch, type EarlyMirror } from '../../runtime/components/objects/continuous/handle-batch';
import { RecentEvents } from '../../runtime/components/objects/continuous/recent-events';
import { openEarlyMirrors, readContinuousSettings } from '../../runtime/components/objects/continuous/settings';
import type { QueuedMessage } from '../../runtime/components/objects/continuous/source-event';
import { openS3Store } from '../../runtime/store/s3-store';

/** The part of the platform's context that is needed. */
interface FunctionContext {
  getRemainingTimeInMillis(): number;
}

interface BatchResponse {
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[];
}

/** For as long as the platform uses this process again. */
const recent = new RecentEvents();
let opened: Promise<EarlyMirror[]> | undefined;

export async function handler(
  event: { readonly Records: readonly QueuedMessage[] },
  context: FunctionContext,
): Promise<BatchResponse> {
  const settings = readContinuousSettings(process.env);
  opened ??= openEarlyMirrors(settings);
  const failed = await handleBatch(event.Records, {
    source: settings.source,
    mirrors: await opened,
    store: openS3Store(settings.vaultUri),
    recent,
    now: () => new Date(),
    remainingMs: () => context.getRemainingTimeInMillis(),
    // Not console.log, which the platform wraps: a line is read as metrics only as it is.
    write: (line) => void process.stdout.write(line),
  });
  return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) };
}
