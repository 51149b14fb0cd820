// A webhook on this machine that answers as it is told, and remembers what came.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Received {
  readonly method?: string;
  readonly path?: string;
  readonly contentType?: string;
  readonly body: string;
}

export type AnswerWith = (response: ServerResponse, request: IncomingMessage) => void;

export interface WebhookServer {
  readonly url: string;
  readonly received: Received[];
  close(): Promise<void>;
}

/** Answers in the order given; the last one again and again. */
export async function startWebhookServer(...answers: readonly AnswerWith[]): Promise<WebhookServer> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      received.push({ method: request.method, path: request.url, contentType: request.headers['content-type'], body });
      answers[Math.min(received.length, answers.length) - 1](response, request);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

export const answer =
  (status: number, text = '', headers: Record<string, string> = {}): AnswerWith =>
  (response) =>
    void response.writeHead(status, headers).end(text);

export const hangUp: AnswerWith = (_response, request) => void request.socket.destroy();

export const neverAnswer: AnswerWith = () => undefined;

/** Begins its answer and does not end it. */
export const stall: AnswerWith = (response) => void response.writeHead(200).write('o');
