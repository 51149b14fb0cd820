import fc from 'fast-check';
import { printable, printableJson, printableLines, withoutPasswords } from '../../../runtime/observe/printable';

const anyText = fc.string({ unit: 'binary', maxLength: 60 });
const STEERS = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

test('a name cannot move the cursor, colour the terminal, begin a line or turn text around', () => {
  expect(printable('a\x1b[2Jb')).toBe('a\\x1b[2Jb');
  expect(printable('a\nerror: all is well\r')).toBe('a\\nerror: all is well\\r');
  expect(printable('\x9b31m')).toBe('\\x9b31m');
  expect(printable('invoice\u202egnp.exe')).toBe('invoice\\u202egnp.exe');
  expect(printable('a\u2028b')).toBe('a\\u2028b');
  expect(printable('tag\u{e0041}')).toBe('tag\\u{e0041}');
  fc.assert(fc.property(anyText, (text) => !STEERS.test(printable(text))));
});

test('ordinary names in any script stay as they are', () => {
  for (const name of ['orders', 'Bestellungen (größer)', '注文', 'заказы', 'emoji 🐘'])
    expect(printable(name)).toBe(name);
});

test('text of several lines keeps its line ends and nothing else that steers', () => {
  expect(printableLines('first\r\n\tsecond\x1b[0m\n\n')).toEqual(['first', '    second\\x1b[0m']);
});

test('JSON is one line without anything that steers, and parses to the same value', () => {
  fc.assert(
    fc.property(fc.dictionary(anyText, fc.array(anyText, { maxLength: 3 })), (value) => {
      const json = printableJson(value);
      expect(STEERS.test(json)).toBe(false);
      expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

test('indented JSON keeps its own line ends and escapes everybody else’s', () => {
  expect(printableJson({ name: 'a\n\u2028' }, 2)).toBe('{\n  "name": "a\\n\\u2028"\n}');
});

test.each([
  ['postgres://app:s3cr3t@db/orders', 'postgres://app:***@db/orders'],
  ['postgres://app:s3:cr@3t@db/orders', 'postgres://app:***@db/orders'],
  ['postgres://a/b:s3cr3t@db', 'postgres://a/b:***@db'],
  ['postgres://db/orders?user=app&password=s3cr3t&x=1', 'postgres://db/orders?user=app&password=***&x=1'],
  ["host=db password='s3 cr3t' user=app", 'host=db password=*** user=app'],
  ['host=db password = s3cr3t user=app', 'host=db password = *** user=app'],
])('a password is taken out of %s', (text, clean) => {
  expect(withoutPasswords(text)).toBe(clean);
});

test('text without a password stays as it is', () => {
  const text = 'password authentication failed for user "backup" at db.internal:5432 (s3://acme-vault/orders)';
  expect(withoutPasswords(text)).toBe(text);
});
