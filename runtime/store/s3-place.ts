import { HeadBucketCommand, type S3Client } from '@aws-sdk/client-s3';

/** Where a bucket answers, and how a request to it is signed. */
export interface Place {
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  /** Before the key, without a slash at its end. */
  readonly path: string;
  readonly sign: (request: object) => Promise<object>;
}

/** Lets the SDK make a request, with all its rules about endpoints, and looks where it would have gone. */
export async function findPlace(client: S3Client, bucket: string): Promise<Place> {
  let seen: Omit<Place, 'sign'> | undefined;
  const command = new HeadBucketCommand({ Bucket: bucket });
  command.middlewareStack.add(
    () => async (args) => {
      seen = args.request as Omit<Place, 'sign'>;
      return { response: {}, output: { $metadata: {} } };
    },
    { step: 'build', priority: 'low', name: 'onlyLooking' },
  );
  await client.send(command);
  if (seen === undefined) throw new Error(`the SDK made no request for bucket ${bucket}`);
  const region = await client.config.region();
  const scheme = { name: 'sigv4', signingName: 's3', signingRegion: region, properties: {} };
  const signer = await client.config.signer(scheme);
  const { protocol, hostname, port, path } = seen;
  return {
    protocol,
    hostname,
    port,
    path: path.replace(/\/$/, ''),
    sign: (request) =>
      signer.sign(request as never, {
        signingDate: new Date(Date.now() + client.config.systemClockOffset),
        signingRegion: region,
        signingService: 's3',
      }),
  };
}
