/** Checks the chain of signatures inside a signed `aws-chunked` body: each chunk is signed over its data and the signature before it. */
import { createHash } from 'node:crypto';
import { s3Error } from '../errors';
import type { Authenticated } from '../auth/authenticate';
import { sameSignature, sha256Hex, sign } from '../auth/signature';
import type { ChunkObserver } from './aws-chunked';

const EMPTY = sha256Hex('');

export class ChunkSignatures implements ChunkObserver {
  #previous: string;
  #chunk = createHash('sha256');

  constructor(
    private readonly who: Authenticated,
    private readonly trailersAreSigned: boolean,
  ) {
    this.#previous = who.signed.signature;
  }

  data(piece: Buffer): void {
    this.#chunk.update(piece);
  }

  chunkEnd(signature: string | undefined): void {
    this.assert(signature, 'AWS4-HMAC-SHA256-PAYLOAD', [EMPTY, this.#chunk.digest('hex')]);
    this.#chunk = createHash('sha256');
  }

  trailers(trailers: Map<string, string>): void {
    if (!this.trailersAreSigned) return;
    const signature = trailers.get('x-amz-trailer-signature');
    const lines = [...trailers].filter(([name]) => name !== 'x-amz-trailer-signature');
    const canonical = lines.map(([name, value]) => `${name}:${value}\n`).join('');
    this.assert(signature, 'AWS4-HMAC-SHA256-TRAILER', [sha256Hex(canonical)]);
  }

  private assert(signature: string | undefined, algorithm: string, digests: string[]): void {
    const { signed, signingKey } = this.who;
    const expected = sign(signingKey, algorithm, signed.timeText, signed.scope, [this.#previous, ...digests]);
    if (signature === undefined || !sameSignature(signature, expected)) throw s3Error('SignatureDoesNotMatch');
    this.#previous = expected;
  }
}
