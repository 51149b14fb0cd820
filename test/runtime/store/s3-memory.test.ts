import { runProgram } from './programs/run';
import { startVault, type TestVault } from './s3-support';

const GIB = 2 ** 30;
const MOST_MIB = 220;

let vault: TestVault;

beforeAll(async () => {
  vault = await startVault();
});
afterAll(() => vault.close());

test(`a stream of 1 GiB goes up and comes back within ${MOST_MIB} MiB of memory`, async () => {
  const { endpoint, credentials } = vault.server;
  const { accessKeyId, secretAccessKey } = credentials;
  const result = await runProgram('upload-stream.ts', [endpoint, accessKeyId, secretAccessKey, String(GIB)]);
  expect(result).toMatchObject({ sizeBytes: GIB, readBytes: GIB });
  // The bound is generous, for other machines' collectors; a leak of the stream would be five times as much.
  const { upload, download } = result as Record<'upload' | 'download', { peakMiB: number }>;
  expect(upload.peakMiB).toBeLessThan(MOST_MIB);
  expect(download.peakMiB).toBeLessThan(MOST_MIB);
}, 300_000);
