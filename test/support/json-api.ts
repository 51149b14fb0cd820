/** A loopback server that speaks AWS's JSON protocol: each operation is a function of the test. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Operation = (request: Record<string, unknown>) => object;

/** Thrown by an operation: what AWS refuses, and why. */
export class Refusal extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

export interface JsonApi {
  readonly endpoint: string;
  /** What was asked, in order. */
  readonly requests: { readonly operation: string; readonly request: Record<string, unknown> }[];
  close(): Promise<void>;
}

export async function startJsonApi(operations: Record<string, Operation>): Promise<JsonApi> {
  const requests: JsonApi['requests'] = [];
  const server = createServer((message, response) => {
    const chunks: Buffer[] = [];
    message.on('data', (chunk: Buffer) => chunks.push(chunk));
    message.on('end', () => {
      const operation = String(message.headers['x-amz-target']).split('.').at(-1) ?? '';
      const request = JSON.parse(Buffer.concat(chunks).toString() || '{}') as Record<string, unknown>;
      requests.push({ operation, request });
      try {
        const perform = operations[operation];
        if (!perform) throw new Refusal('UnknownOperationException', operation);
        const answer = JSON.stringify(perform(request));
        response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' }).end(answer);
      } catch (error) {
        const { code, message: text } = error as Refusal;
        response
          .writeHead(400, { 'content-type': 'application/x-amz-json-1.1' })
          .end(JSON.stringify({ __type: code, message: text }));
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}
