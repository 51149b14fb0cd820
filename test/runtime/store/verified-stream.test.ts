import { BackupError } from '../../../runtime/errors';
import { VerifiedStream, type ProducerExit, type ReceivedStream } from '../../../runtime/store/verified-stream';

const received: ReceivedStream = {
  key: 'a',
  sizeBytes: 1,
  sha256: '00',
  crc32: 'AAAAAA==',
  parts: [{ sizeBytes: 1, sha256: '00' }],
};
const good: ProducerExit = { name: 'pg_dump', code: 0, signal: null };

describe('only a stream whose producers all ended well is verified', () => {
  test('all of them', () => {
    expect(VerifiedStream.of(received, [good, { ...good, name: 'zstd' }]).received).toBe(received);
  });

  test.each<[string, ProducerExit, string]>([
    ['an exit code', { name: 'pg_dump', code: 1, signal: null }, 'pg_dump exited with code 1'],
    ['a signal', { name: 'zstd', code: null, signal: 'SIGKILL' }, 'zstd was ended by SIGKILL'],
    ['no code at all', { name: 'zstd', code: null, signal: null }, 'zstd exited with code null'],
    ['code 0 beside a signal', { name: 'zstd', code: 0, signal: 'SIGTERM' }, 'zstd was ended by SIGTERM'],
  ])('%s of any of them refuses it', (_, failed, message) => {
    for (const producers of [[failed], [good, failed], [failed, good]]) {
      expect(refusal(received, producers)).toMatchObject({ code: 'tool-failed', message });
    }
  });

  test('nobody to vouch for it refuses it', () => {
    expect(refusal(received, [])).toMatchObject({ code: 'internal' });
  });

  test('an empty stream is refused, but a producer that failed is the better reason', () => {
    const empty = { ...received, sizeBytes: 0, parts: [] };
    expect(() => VerifiedStream.of(empty, [good])).toThrow(/"a" is empty/);
    expect(() => VerifiedStream.of(empty, [{ ...good, code: 1 }])).toThrow(/pg_dump exited with code 1/);
  });

  test('the caller may say it in its own words', () => {
    const failure = (failed: ProducerExit) => new BackupError('dump-failed', `dumping failed in ${failed.name}`);
    expect(refusal(received, [{ ...good, code: 3 }], failure)).toMatchObject({
      code: 'dump-failed',
      message: 'dumping failed in pg_dump',
    });
  });
});

function refusal(...proof: Parameters<typeof VerifiedStream.of>): unknown {
  try {
    VerifiedStream.of(...proof);
  } catch (error) {
    return error;
  }
  throw new Error('it was not refused');
}
