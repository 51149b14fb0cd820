/**
 * One HTTP server on the loopback address for all services but S3. A request says by its signature which of them it is for: AWS's
 * JSON protocol names the operation in a header, the query protocol in the body.
 */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { writeXml, type XmlValue } from '../../s3/xml/write';
import type { Credential, Principal } from '../iam/policy';
import { ServiceError } from '../services/service-error';
import type { Json } from '../template/template';
import { authenticate } from './authenticate';
import type { Operations } from './operation';

export interface ApiOptions {
  /** By the name that a service signs with: `secretsmanager`. */
  readonly services: Readonly<Record<string, Operations>>;
  readonly credentials: ReadonlyMap<string, Credential>;
  readonly principal: (accessKeyId: string) => Principal | undefined;
  readonly now: () => Date;
}

export interface ApiServer {
  readonly endpoint: string;
  close(): Promise<void>;
}

const MOST_BYTES = 8 * 1024 * 1024;

export async function startApiServer(options: ApiOptions): Promise<ApiServer> {
  const server = createServer((message, response) => void serve(options, message, response));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function serve(options: ApiOptions, message: IncomingMessage, response: ServerResponse): Promise<void> {
  // Clients correct their own clocks by it.
  response.setHeader('date', options.now().toUTCString());
  try {
    const body = await readBody(message);
    const isXml = message.headers['x-amz-target'] === undefined;
    try {
      const { name, answer } = await perform(options, message, body);
      if (isXml) send(response, 200, xmlOf(name, answer));
      else send(response, 200, JSON.stringify(answer), 'application/x-amz-json-1.1');
    } catch (error) {
      const { code, message: text, status } = asServiceError(error);
      if (isXml) send(response, status, writeXml('Error', { Error: { Type: 'Sender', Code: code, Message: text } }));
      else send(response, status, JSON.stringify({ __type: code, message: text }), 'application/x-amz-json-1.1');
    }
  } catch {
    // The caller went away: nobody is left to be told.
    response.destroy();
  }
}

async function perform(
  { services, credentials, principal }: ApiOptions,
  message: IncomingMessage,
  body: Buffer,
): Promise<{ name: string; answer: object }> {
  const { accessKeyId, service } = authenticate(message, body, credentials);
  const caller = principal(accessKeyId);
  const target = message.headers['x-amz-target'];
  const request =
    target === undefined
      ? Object.fromEntries(new URLSearchParams(body.toString('utf8')))
      : (JSON.parse(body.toString('utf8') || '{}') as Json);
  const name = target === undefined ? String(request.Action) : String(target).split('.').slice(-1)[0];
  const operation = services[service]?.[name];
  if (operation === undefined || caller === undefined) {
    throw new ServiceError('UnknownOperationException', `the stand-in does not know ${name} of ${service}`);
  }
  return { name, answer: await operation(request, caller) };
}

async function readBody(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > MOST_BYTES) throw new Error('the request is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function asServiceError(error: unknown): ServiceError {
  if (error instanceof ServiceError) return error;
  return new ServiceError('InternalFailure', `the stand-in failed: ${String(error)}`, 500);
}

function xmlOf(name: string, answer: object): string {
  return writeXml(`${name}Response`, {
    [`${name}Result`]: answer as Record<string, XmlValue>,
    ResponseMetadata: { RequestId: randomUUID() },
  });
}

function send(response: ServerResponse, status: number, text: string, type = 'text/xml'): void {
  response.writeHead(status, { 'content-type': type, 'x-amzn-requestid': randomUUID() }).end(text);
}
