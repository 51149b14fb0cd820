/** What a stored result says of the manifest beside it. */
import { VERIFICATION_FORMAT, type Outcome, type Verification } from '../../../model';
import { outcomeFor, sha256Of } from '../../../runtime/catalog/verification-record';

const MANIFEST = '{"format":"postgres-backup/1"}\n';

function result(outcome: Outcome, manifestSha256: string): Verification {
  return {
    format: VERIFICATION_FORMAT,
    point: '20261120T020000Z-aaaaaa',
    source: 'orders',
    component: 'dump',
    outcome,
    depth: 'stored',
    verifiedAt: '2026-11-20T02:10:00.000Z',
    durationMs: 1,
    manifestSha256,
    findings: [],
    objects: 1,
    totals: null,
    tool: { name: 'postgres-backup', version: '1.2.3' },
  };
}

test.each(['passed', 'failed', 'could not verify'] as const)(
  'of its own manifest a result says what it says: %s',
  (outcome) => {
    expect(outcomeFor(result(outcome, sha256Of(MANIFEST)), MANIFEST)).toBe(outcome);
  },
);

test('another manifest in its place has failed, whatever the result was', () => {
  expect(outcomeFor(result('passed', sha256Of('another')), MANIFEST)).toBe('failed');
});

test('a result that names no manifest has not passed, whatever it says', () => {
  expect(outcomeFor(result('passed', ''), MANIFEST)).toBe('could not verify');
  expect(outcomeFor(result('failed', ''), MANIFEST)).toBe('failed');
});

test('without a result nothing is verified', () => {
  expect(outcomeFor(undefined, MANIFEST)).toBe('not verified');
});
