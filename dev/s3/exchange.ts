/** One authenticated request: what an operation works with. */
import type { ServerResponse } from 'node:http';
import type { Authenticated } from './auth/authenticate';
import type { ChecksumAlgorithm } from './checksums/checksum';
import { s3Error } from './errors';
import type { FaultEffect } from './fault-effect';
import type { IncomingRequest } from './incoming-request';
import { declaredPayload } from './payload/declared';
import { receivePayload, type ReceivedPayload, type Sink } from './payload/receive';
import type { ObjectEvent } from './settings';
import type { Bucket } from './storage/bucket';
import type { Storage } from './storage/storage';
import { parseXml, type XmlElement } from './xml/parse';

/** The largest object of one request, and the largest part. */
export const MAX_PUT_BYTES = 5 * 1024 ** 3;
const MAX_DOCUMENT_BYTES = 8 * 1024 * 1024;

/** What an action is done to, where it is not the request's own bucket and key. */
export interface ActionTarget {
  bucket?: string;
  key?: string;
}

export interface Service {
  storage: Storage;
  region: string;
  now: () => Date;
  isAllowed: (exchange: Exchange, action: string, target: ActionTarget) => Promise<boolean>;
  emit: (event: ObjectEvent) => void;
}

export class Exchange {
  constructor(
    readonly request: IncomingRequest,
    private readonly response: ServerResponse,
    readonly service: Service,
    readonly who: Authenticated,
    private readonly effect: FaultEffect | undefined,
  ) {}

  /** The bucket of the request; `NoSuchBucket` when there is none. */
  get bucket(): Bucket {
    return this.service.storage.get(this.request.bucket ?? '');
  }

  get key(): string {
    return this.request.key ?? '';
  }

  /** A query parameter; nothing when it is absent, empty when it has no value. */
  query(name: string): string | undefined {
    return this.request.query.get(name) ?? undefined;
  }

  header(name: string): string | undefined {
    return this.request.header(name);
  }

  /** ISO 8601. */
  now(): string {
    return this.service.now().toISOString();
  }

  isAllowed(action: string, target?: ActionTarget): Promise<boolean> {
    const { bucket, key } = this.request;
    return this.service.isAllowed(this, action, target ?? { bucket, key });
  }

  /** Throws `AccessDenied` when the caller lacks a permission that only this request needs. */
  async require(action: string, target?: ActionTarget): Promise<void> {
    if (await this.isAllowed(action, target)) return;
    throw s3Error('AccessDenied', `The access key is not allowed to perform: ${action}`);
  }

  /** Streams the body into `sink`, checked against everything the headers promise. */
  async receive(
    sink: Sink,
    options: { defaultAlgorithm?: ChecksumAlgorithm; maxBytes?: number; checksumOf?: ChecksumSubject } = {},
  ): Promise<ReceivedPayload> {
    const { message } = this.request;
    const promised = declaredPayload(this.request, this.who.signed.payloadHash);
    const declared = options.checksumOf === 'object' ? { ...promised, checksum: undefined } : promised;
    if (message.headers.expect !== undefined) this.response.writeContinue();
    // Leaving the loop early must not destroy the socket: the answer still has to go out on it.
    const source = message.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
    const body = this.effect?.requestBody(source, message.socket) ?? source;
    const { defaultAlgorithm = 'CRC64NVME', maxBytes = MAX_PUT_BYTES } = options;
    return receivePayload(body, declared, this.who, sink, { defaultAlgorithm, maxBytes });
  }

  /** A small body. */
  async receiveText(checksumOf: ChecksumSubject = 'body'): Promise<string> {
    const pieces: Buffer[] = [];
    const sink = (piece: Buffer): undefined => {
      pieces.push(piece);
    };
    await this.receive(sink, { defaultAlgorithm: 'CRC32', maxBytes: MAX_DOCUMENT_BYTES, checksumOf });
    return Buffer.concat(pieces).toString('utf8');
  }

  async receiveXml(root: string, checksumOf?: ChecksumSubject): Promise<XmlElement> {
    const text = await this.receiveText(checksumOf);
    if (text.trim() === '') throw s3Error('MissingRequestBodyError');
    return parseXml(text, root);
  }

  /** Tells whoever listens that an object changed. */
  emit(name: string, version: { versionId: string; sizeBytes: number; etag: string }, key = this.key): void {
    const { versionId, sizeBytes, etag } = version;
    const { accessKeyId } = this.who;
    const bucket = this.bucket.record.name;
    this.service.emit({ name, bucket, key, versionId, sizeBytes, etag, time: this.service.now(), accessKeyId });
  }
}

/** What a checksum header is about: the body, or, where an upload is completed, the object that comes of it. */
export type ChecksumSubject = 'body' | 'object';
