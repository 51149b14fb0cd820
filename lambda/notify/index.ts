// Posts what arrives on the topic of the alarms to Slack and the like: see runtime/notify/deliver.ts.
import { deliver } from '../../runtime/notify/deliver';
import { sendNotice } from '../../runtime/notify/send-notice';
import { readDestinations } from '../../runtime/notify/settings';
import { readSecret } from '../../runtime/postgres/secrets-manager';

// Lives as long as the platform keeps this process, which is past its own repetitions most of the time.
const delivered = new Set<string>();

export async function handler(event: unknown): Promise<void> {
  await deliver(event, {
    destinations: readDestinations(process.env),
    send: (notice, destination) => sendNotice(notice, destination, readSecret),
    delivered,
    write: (line) => void process.stdout.write(line),
    now: () => new Date(),
  });
}
