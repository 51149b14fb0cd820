// Reports on runs, days and weeks, and tells the dead man's switch: see runtime/observe/report/handle-report.ts.
import { sendHeartbeat } from '../../runtime/notify/heartbeat';
import { publish } from '../../runtime/notify/publish';
import { handleReport } from '../../runtime/observe/report/handle-report';
import { readReportSettings } from '../../runtime/observe/report/settings';
import { readSecret } from '../../runtime/postgres/secrets-manager';
import { openS3Store } from '../../runtime/store/s3-store';

export async function handler(event: unknown): Promise<void> {
  const settings = readReportSettings(process.env);
  const { heartbeatSecret: secret } = settings;
  await handleReport(event, {
    settings,
    store: openS3Store(settings.vaultUri),
    // Not console.log, which the platform wraps: a line is read as metrics only as it is.
    write: (line) => void process.stdout.write(line),
    now: () => new Date(),
    sendHeartbeat: secret === undefined ? undefined : (heartbeat) => sendHeartbeat(heartbeat, secret, readSecret),
    publish: (message) => publish(settings.topic, message),
  });
}
