import type { S3Client } from '@aws-sdk/client-s3';

const EXPIRED = ['ExpiredToken', 'ExpiredTokenException', 'TokenRefreshRequired'];

/**
 * Goes on after `ExpiredToken`. The SDK renews credentials that tell when they expire, but takes the store's own refusal for
 * permanent. Here it asks its chain anew; only if that gives other credentials is the request tried again.
 */
export function addCredentialRefresh(client: S3Client): void {
  client.middlewareStack.add(
    (next) => async (args) => {
      const used = await client.config.credentials();
      try {
        return await next(args);
      } catch (error) {
        if (!(error instanceof Error) || !EXPIRED.includes(error.name)) throw error;
        const fresh = await client.config.credentials({ forceRefresh: true });
        if (fresh.sessionToken === used.sessionToken && fresh.accessKeyId === used.accessKeyId) throw error;
        // The SDK's own mark of an error that may be tried again.
        throw Object.assign(error, { $retryable: {} });
      }
    },
    // Within the SDK's own repetition, which stands in this step with high priority.
    { step: 'finalizeRequest', priority: 'normal', name: 'credentialRefresh' },
  );
}
