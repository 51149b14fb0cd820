/** Events find the rules that ask for them, and targets get what the rule says. */
import { matchesPattern } from '../../../dev/aws/events/pattern';
import { targetInput } from '../../../dev/aws/events/transform';

const EVENT = {
  source: 'aws.s3',
  'detail-type': 'Object Created',
  resources: ['arn:aws:s3:::vault'],
  detail: {
    bucket: { name: 'vault' },
    object: { key: 'orders/dump/hourly/2026/manifest.json', size: 1200 },
    containers: [
      { name: 'a', exitCode: 0 },
      { name: 'backup', exitCode: 137 },
    ],
    reason: null,
  },
};

const object = (matcher: unknown) => ({ detail: { object: { key: [matcher] } } });
const size = (...comparison: unknown[]) => ({ detail: { object: { size: [{ numeric: comparison }] } } });

test.each<[string, Record<string, unknown>, boolean]>([
  ['equal values', { source: ['aws.s3'], 'detail-type': ['x', 'Object Created'] }, true],
  ['another value', { source: ['aws.ecs'] }, false],
  ['a value in a list', { resources: ['arn:aws:s3:::vault'] }, true],
  ['null', { detail: { reason: [null] } }, true],
  ['a field that is not there', { detail: { nothing: ['x'] } }, false],
  ['prefix', object({ prefix: 'orders/' }), true],
  ['another prefix', object({ prefix: 'dump/' }), false],
  ['prefix in any case', object({ prefix: { 'equals-ignore-case': 'ORDERS/' } }), true],
  ['suffix', object({ suffix: '/manifest.json' }), true],
  ['another suffix', object({ suffix: '/started.json' }), false],
  ['wildcard', object({ wildcard: 'orders/dump/*/manifest.json' }), true],
  ['wildcard that does not fit', object({ wildcard: 'orders/wal/*/manifest.json' }), false],
  ['a dot in a wildcard is a dot', object({ wildcard: 'orders/*manifestXjson' }), false],
  ['an asterisk in a wildcard', object({ wildcard: 'orders/\\*' }), false],
  ['equals-ignore-case', { source: [{ 'equals-ignore-case': 'AWS.S3' }] }, true],
  ['anything-but', { source: [{ 'anything-but': ['aws.ecs', 'aws.kms'] }] }, true],
  ['anything-but what it is', { source: [{ 'anything-but': 'aws.s3' }] }, false],
  ['anything-but a prefix', object({ 'anything-but': { prefix: 'orders/' } }), false],
  ['anything-but suffixes', object({ 'anything-but': { suffix: ['.txt', '.gz'] } }), true],
  ['exists', { detail: { object: { size: [{ exists: true }] } } }, true],
  ['exists, and does not', { detail: { object: { etag: [{ exists: true }] } } }, false],
  ['does not exist', { detail: { object: { etag: [{ exists: false }] } } }, true],
  ['does not exist, and does', { detail: { object: { size: [{ exists: false }] } } }, false],
  ['numeric', size('>', 0, '<=', 1200), true],
  ['numeric out of the range', size('>', 1200), false],
  ['numeric of a text', { source: [{ numeric: ['>', 0] }] }, false],
  ['a list of objects', { detail: { containers: { exitCode: [137] } } }, true],
  ['a list of objects without it', { detail: { containers: { exitCode: [1] } } }, false],
  ['one of several', { $or: [{ source: ['x'] }, { detail: { bucket: { name: ['vault'] } } }] }, true],
  ['none of several', { $or: [{ source: ['x'] }, { source: ['y'] }] }, false],
])('a pattern: %s', (_name, pattern, expected) => {
  expect(matchesPattern(pattern, EVENT)).toBe(expected);
});

test.each([
  [{ source: [{ cidr: '10.0.0.0/8' }] }, 'does not know the pattern operator "cidr"'],
  [{ source: 'aws.s3' }, 'it is a list or an object'],
  [{ detail: { object: { size: [{ numeric: ['!', 1] }] } } }, 'is no numeric comparison'],
])('a pattern that it does not know is refused: %j', (pattern, sentence) => {
  expect(() => matchesPattern(pattern, EVENT)).toThrow(sentence);
});

test('a target gets the event, a text of its own, or a part', () => {
  expect(targetInput({}, EVENT)).toBe(EVENT);
  expect(targetInput({ Input: '{"action":"sweep"}' }, EVENT)).toEqual({ action: 'sweep' });
  expect(targetInput({ InputPath: '$.detail.containers[1].name' }, EVENT)).toBe('backup');
});

test('an input template has values as JSON, and as they are inside of texts', () => {
  const InputPathsMap = { key: '$.detail.object.key', size: '$.detail.object.size', none: '$.detail.none' };
  const InputTemplate = '{"text": "new: <key>, \\"<size>\\"", "key": <key>, "size": <size>, "none": "<none>"}';
  expect(targetInput({ InputTransformer: { InputPathsMap, InputTemplate } }, EVENT)).toEqual({
    text: 'new: orders/dump/hourly/2026/manifest.json, "1200"',
    key: 'orders/dump/hourly/2026/manifest.json',
    size: 1200,
    none: '',
  });
  const unknown = { InputTransformer: { InputTemplate: '"<other>"' } };
  expect(() => targetInput(unknown, EVENT)).toThrow('the input template names <other>, which has no path');
});
