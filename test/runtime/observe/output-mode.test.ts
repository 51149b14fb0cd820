import { outputMode } from '../../../runtime/observe/output-mode';
import { plainStyle, styleFor } from '../../../runtime/observe/style';

const terminal = { write: () => true, isTTY: true, getColorDepth: () => 8 };
const pipe = { write: () => true };
const TASK = { ECS_CONTAINER_METADATA_URI_V4: 'http://169.254.170.2/v4/x' };

test('bars on a terminal, plain lines in a pipe or on a terminal that cannot draw', () => {
  expect(outputMode({ TERM: 'xterm' }, terminal)).toBe('terminal');
  expect(outputMode({ TERM: 'dumb' }, terminal)).toBe('lines');
  expect(outputMode({}, pipe)).toBe('lines');
});

test('a task logs JSON; POSTGRES_BACKUP_LOG decides either way', () => {
  expect(outputMode(TASK, pipe)).toBe('log');
  expect(outputMode({ POSTGRES_BACKUP_LOG: 'json' }, terminal)).toBe('log');
  expect(outputMode({ ...TASK, POSTGRES_BACKUP_LOG: 'text' }, pipe)).toBe('lines');
});

test('an unknown form of log is refused, with the value', () => {
  expect(() => outputMode({ POSTGRES_BACKUP_LOG: 'jason' }, pipe)).toThrow('POSTGRES_BACKUP_LOG is "jason"');
});

test('colours only on a terminal that has them and where nobody said NO_COLOR', () => {
  expect(styleFor(terminal, {}).bad('x')).toBe('\x1b[31mx\x1b[39m');
  expect(styleFor(terminal, { NO_COLOR: '1' })).toBe(plainStyle);
  expect(styleFor(pipe, {})).toBe(plainStyle);
  expect(styleFor({ ...terminal, getColorDepth: () => 1 }, {})).toBe(plainStyle);
});
