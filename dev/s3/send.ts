/** Puts an answer on the wire. A client that goes away ends it quietly: there is nobody left to tell. */
import type { ServerResponse } from 'node:http';
import type { Answer, Headers } from './answer';
import type { S3Error } from './errors';
import type { FaultEffect } from './fault-effect';
import { writeXml } from './xml/write';

export interface Delivery {
  response: ServerResponse;
  requestId: string;
  /** By which a client corrects its own clock. */
  time: Date;
  effect?: FaultEffect;
}

export async function sendAnswer({ response, requestId, time, effect }: Delivery, answer: Answer): Promise<void> {
  const { status, headers, body } = answer;
  response.setHeader('date', time.toUTCString());
  if (body === undefined || Buffer.isBuffer(body)) {
    begin(response, requestId, status, body === undefined ? withLength(status, headers) : headers).end(body);
    return;
  }
  const altered = effect?.responseBody(headers, body) ?? { headers, body, then: 'end' as const };
  begin(response, requestId, status, altered.headers);
  for await (const piece of altered.body) {
    if (response.destroyed) return;
    if (!response.write(piece)) await drained(response);
  }
  if (altered.then === 'disconnect') response.destroy();
  else response.end();
}

/** Waits until the client has taken what was written, or is gone. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done);
      response.off('close', done);
      resolve();
    };
    response.once('drain', done);
    response.once('close', done);
  });
}

/** The answer that says an error; without a body where HTTP allows none. */
export function errorAnswer(error: S3Error, request: { method: string; path: string; key?: string }): Answer {
  if (request.method === 'HEAD' || error.status === 304) {
    return { status: error.status, headers: error.headers, errorCode: error.code };
  }
  const { code, message, fields } = error;
  const text = writeXml('Error', { Code: code, Message: message, Key: request.key, Resource: request.path, ...fields });
  const body = Buffer.from(text);
  const headers = { 'content-type': 'application/xml', 'content-length': body.length, ...error.headers };
  return { status: error.status, headers, body, errorCode: code };
}

/** An answer to HEAD describes a body it does not have; one without content has no length at all. */
function withLength(status: number, headers: Headers): Headers {
  return status === 204 || status === 304 || 'content-length' in headers
    ? headers
    : { ...headers, 'content-length': 0 };
}

function begin(response: ServerResponse, requestId: string, status: number, headers: Headers): ServerResponse {
  response.statusCode = status;
  response.setHeader('x-amz-request-id', requestId);
  response.setHeader('server', 'development-s3');
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) response.setHeader(name, value);
  }
  return response;
}
