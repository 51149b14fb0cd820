import { EXIT } from '../../../model';
import { BackupError } from '../../../runtime/errors';
import { createS3Client, type S3Connection } from '../../../runtime/store/s3-client';

const credentials = { accessKeyId: 'a', secretAccessKey: 'b' };

describe('where the store is', () => {
  test.each<[string, S3Connection, Record<string, string>, { host?: string; pathStyle: boolean }]>([
    ['AWS itself', {}, {}, { pathStyle: false }],
    [
      'a store of its own, by option',
      { endpoint: 'http://127.0.0.1:9000' },
      {},
      { host: '127.0.0.1', pathStyle: true },
    ],
    [
      'by the variable of S3',
      {},
      { AWS_ENDPOINT_URL_S3: 'https://minio.test' },
      { host: 'minio.test', pathStyle: true },
    ],
    [
      'by the variable of all services',
      {},
      { AWS_ENDPOINT_URL: 'https://all.test' },
      { host: 'all.test', pathStyle: true },
    ],
    [
      'the variable of S3 goes before that of all',
      {},
      { AWS_ENDPOINT_URL: 'https://all.test', AWS_ENDPOINT_URL_S3: 'https://s3.test' },
      { host: 's3.test', pathStyle: true },
    ],
    [
      'an endpoint of AWS keeps the bucket in the host',
      {},
      { AWS_ENDPOINT_URL_S3: 'https://s3.eu-central-1.amazonaws.com' },
      { host: 's3.eu-central-1.amazonaws.com', pathStyle: false },
    ],
    [
      'a name that only looks like AWS does not',
      {},
      { AWS_ENDPOINT_URL_S3: 'https://notamazonaws.com' },
      { host: 'notamazonaws.com', pathStyle: true },
    ],
    [
      'no variable when they are to be ignored',
      {},
      { AWS_ENDPOINT_URL_S3: 'https://minio.test', AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true' },
      { pathStyle: false },
    ],
  ])('%s', async (_, connection, environment, expected) => {
    const { config } = createS3Client({ ...connection, credentials }, environment);
    expect(config.forcePathStyle).toBe(expected.pathStyle);
    expect((await config.endpoint?.())?.hostname).toBe(expected.host);
  });

  test.each<[string, S3Connection, Record<string, string>, string]>([
    ['stated', { region: 'eu-central-1' }, { AWS_REGION: 'us-west-2' }, 'eu-central-1'],
    ['AWS_REGION', {}, { AWS_REGION: 'us-west-2', AWS_DEFAULT_REGION: 'eu-west-1' }, 'us-west-2'],
    ['AWS_DEFAULT_REGION', {}, { AWS_DEFAULT_REGION: 'eu-west-1' }, 'eu-west-1'],
    ['any, for a store of its own', { endpoint: 'http://127.0.0.1:9000' }, {}, 'us-east-1'],
  ])('the region: %s', async (_, connection, environment, expected) => {
    expect(await createS3Client({ ...connection, credentials }, environment).config.region()).toBe(expected);
  });

  test.each([
    ['minio:9000', 'it is not a URL'],
    ['ftp://minio', 'it is not a URL'],
    ['', 'it is not a URL'],
    ['http://minio:9000/?x=1', 'it holds more than'],
  ])('an endpoint %j is refused', (endpoint, problem) => {
    const error = refusalOf({ endpoint }, {});
    expect(error).toMatchObject({ code: 'usage', exitCode: EXIT.usage });
    expect(error.message).toContain(problem);
  });

  test('the variable that is wrong is named', () => {
    const error = refusalOf({}, { AWS_ENDPOINT_URL: 'minio:9000' });
    expect(error.message).toBe('invalid AWS_ENDPOINT_URL "minio:9000": it is not a URL');
  });

  test('a password in the endpoint is refused and not repeated', () => {
    const error = refusalOf({ endpoint: 'https://me:secret@minio:9000' }, {});
    expect(error.message + (error.hint ?? '')).not.toContain('me:secret');
  });
});

describe('patience', () => {
  test.each<[S3Connection, Record<string, string>, number | undefined]>([
    [{}, {}, 10],
    [{ maxAttempts: 2 }, {}, 2],
  ])('%j tries %j %d times', async (connection, environment, expected) => {
    expect(await createS3Client({ ...connection, credentials }, environment).config.maxAttempts()).toBe(expected);
  });
});

function refusalOf(connection: S3Connection, environment: Record<string, string>): BackupError {
  try {
    createS3Client(connection, environment);
  } catch (error) {
    if (error instanceof BackupError) return error;
  }
  throw new Error('it was not refused');
}
