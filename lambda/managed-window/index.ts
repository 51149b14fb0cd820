// Watches the window of RDS and Aurora every few minutes: see runtime/managed/publish-window.ts.
import { publishManagedWindow } from '../../runtime/managed/publish-window';
import { openRdsClient } from '../../runtime/managed/rds-client';
import { readManagedSettings } from '../../runtime/managed/settings';

/** The part of the platform's context that is needed. */
interface FunctionContext {
  getRemainingTimeInMillis(): number;
}

export async function handler(_event: unknown, context: FunctionContext): Promise<void> {
  const settings = readManagedSettings(process.env);
  await publishManagedWindow({
    ...settings,
    client: await openRdsClient(),
    now: () => new Date(),
    signal: AbortSignal.timeout(context.getRemainingTimeInMillis()),
    // Not console.log, which the platform wraps: a line is read as metrics only as it is.
    write: (line) => void process.stdout.write(line),
  });
}
