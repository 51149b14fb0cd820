/** Somebody's chat: an address on this machine that messages are posted to. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface Webhook {
  readonly url: string;
  /** What was posted, the oldest first: JSON. */
  readonly posted: string[];
  close(): Promise<void>;
}

export async function openWebhook(): Promise<Webhook> {
  const posted: string[] = [];
  const server = createServer((request, response) => {
    text(request).then(
      (body) => {
        posted.push(body);
        response.writeHead(200).end();
      },
      () => response.destroy(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks/clinic`,
    posted,
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}
