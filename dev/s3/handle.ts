/** The way of a request: who is it, what does it want, may it, does a fault come between, do it, answer. */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Answer } from './answer';
import { authenticate, type Authenticated, type Verifier } from './auth/authenticate';
import { S3Error, s3Error } from './errors';
import { Exchange, type Service } from './exchange';
import { ConnectionCut, type FaultEffect } from './fault-effect';
import type { FaultPlan } from './faults';
import { IncomingRequest } from './incoming-request';
import { findRoute, type Route } from './routes';
import { errorAnswer, sendAnswer } from './send';
import type { ServedRequest } from './settings';

export interface Handler {
  service: Service;
  verifier: Verifier;
  faults: FaultPlan | undefined;
  served: (request: ServedRequest) => void;
  /** Told of errors that are the server's own fault. */
  broken: (error: unknown) => void;
}

/** What is known of a request so far, for its answer and for its record. */
interface Progress {
  requestId: string;
  request?: IncomingRequest;
  route?: Route;
  who?: Authenticated;
  effect?: FaultEffect;
}

export async function handle(handler: Handler, message: IncomingMessage, response: ServerResponse): Promise<void> {
  const progress: Progress = { requestId: randomBytes(8).toString('hex').toUpperCase() };
  const outcome = await serve(handler, message, response, progress);
  handler.served(describe(progress, message, outcome));
}

interface Outcome {
  status: number;
  errorCode?: string;
}

async function serve(
  handler: Handler,
  message: IncomingMessage,
  response: ServerResponse,
  progress: Progress,
): Promise<Outcome> {
  try {
    const answer = await perform(handler, message, response, progress).catch((error: unknown) =>
      asFailure(error, handler, progress, message),
    );
    await sendAnswer({ response, time: handler.service.now(), ...progress }, answer);
    return { status: answer.status, errorCode: answer.errorCode };
  } catch (error) {
    if (!(error instanceof ConnectionCut)) handler.broken(error);
    response.destroy();
    return { status: 0 };
  }
}

async function perform(
  handler: Handler,
  message: IncomingMessage,
  response: ServerResponse,
  progress: Progress,
): Promise<Answer> {
  const request = (progress.request = new IncomingRequest(message));
  const route = (progress.route = findRoute(request));
  const effect = (progress.effect = handler.faults?.effectFor({ operation: route.operation, ...target(request) }));
  const who = (progress.who = authenticate(request, handler.verifier));
  const exchange = new Exchange(request, response, handler.service, who, effect);
  const action = route.actionFor(request);
  if (action !== undefined) await exchange.require(action);
  await effect?.beforeWork(message.socket);
  const answer = await route.run(exchange);
  await effect?.afterWork(message.socket);
  return answer;
}

function asFailure(error: unknown, handler: Handler, progress: Progress, message: IncomingMessage): Answer {
  const asked = progress.request ?? { method: message.method ?? '', path: message.url ?? '' };
  return errorAnswer(asS3Error(error, handler), asked);
}

function asS3Error(error: unknown, handler: Handler): S3Error {
  if (error instanceof S3Error) return error;
  if (error instanceof ConnectionCut) throw error;
  if (isAborted(error)) throw new ConnectionCut('The client went away.');
  handler.broken(error);
  return s3Error('InternalError', `The development server failed: ${String(error)}`);
}

/** By its code alone: inside a test runner Node's errors are not of the same `Error`. */
function isAborted(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'ECONNRESET';
}

function target(request: IncomingRequest): { bucket?: string; key?: string; partNumber?: number } {
  const part = request.query.get('partNumber');
  return { bucket: request.bucket, key: request.key, partNumber: part === null ? undefined : Number(part) };
}

function describe({ request, route, who }: Progress, message: IncomingMessage, outcome: Outcome): ServedRequest {
  return {
    operation: route?.operation ?? 'Unknown',
    method: message.method ?? '',
    ...(request === undefined ? {} : target(request)),
    ...outcome,
    accessKeyId: who?.accessKeyId,
  };
}
