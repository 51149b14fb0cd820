/** What the process of `archive-get` ends with: PostgreSQL ends recovery, without a word, on whatever lies between 1 and 125. */
import { EXIT } from '../../../model';
import { endingCodeOf } from '../../../runtime/cli/ending-code';
import { runCli } from './support/harness';

test('of archive-get only what is certain ends below 126', () => {
  const codeOf = endingCodeOf(['archive-get', 'x', 'y']);
  expect(Object.values(EXIT).filter((code) => codeOf(code) < 126)).toEqual([EXIT.ok, EXIT.notArchived]);
  expect(codeOf(EXIT.failed)).toBeGreaterThan(125);
});

test('other commands end as they say', () => {
  const codes = Object.values(EXIT);
  expect(codes.map(endingCodeOf(['archive-push', 'archive-get']))).toEqual(codes);
});

test('wrong usage of archive-get is none of the codes that end recovery', async () => {
  const { exitCode } = await runCli(['archive-get', '000000010000000000000003']);
  expect(endingCodeOf(['archive-get'])(exitCode)).toBe(EXIT.recoveryMustStop);
});
