// Publishes how old the backups are, every few minutes: see runtime/observe/status/publish-freshness.ts.
import { readKeyState } from '../../runtime/observe/status/key-state';
import { publishFreshness, readFreshnessSettings } from '../../runtime/observe/status/publish-freshness';
import { openS3Store } from '../../runtime/store/s3-store';

export async function handler(): Promise<void> {
  const { vaultUri, source, components, encryptionKey } = readFreshnessSettings(process.env);
  await publishFreshness({
    store: openS3Store(vaultUri),
    source,
    components,
    now: () => new Date(),
    // Not console.log, which the platform wraps: a line is read as metrics only as it is.
    write: (line) => void process.stdout.write(line),
    keyState: encryptionKey === undefined ? undefined : () => readKeyState(encryptionKey),
  });
}
