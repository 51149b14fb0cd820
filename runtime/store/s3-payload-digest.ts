import type { S3Client } from '@aws-sdk/client-s3';

const HEADER = 'x-amz-content-sha256';

/** Digests of bodies that a command is about to send, by the body itself. Nothing is kept once the body is gone. */
const digests = new WeakMap<object, string>();

/**
 * Says the SHA-256 (lower-case hex) of a body that is known already. It goes into the signature as it is, so the SDK reads
 * no byte of the body again, and the store refuses any other bytes.
 */
export function withKnownDigest<Body extends Uint8Array>(body: Body, sha256: string): Body {
  digests.set(body, sha256);
  return body;
}

/** The signer of SDK v3 uses the header when it stands there already; otherwise it hashes, or with TLS does not sign, the body. */
export function addPayloadDigest(client: S3Client): void {
  client.middlewareStack.add(
    (next) => async (args) => {
      const request = args.request as { body?: unknown; headers: Record<string, string> };
      const digest = request.body instanceof Uint8Array ? digests.get(request.body) : undefined;
      if (digest !== undefined) request.headers[HEADER] = digest;
      return next(args);
    },
    { step: 'build', name: 'knownPayloadDigest' },
  );
}
