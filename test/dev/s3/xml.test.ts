/** The XML that goes in and out. */
import * as fc from 'fast-check';
import { childrenOf, parseXml, textOf } from '../../../dev/s3/xml/parse';
import { writeXml } from '../../../dev/s3/xml/write';
import { sendRaw } from './support/raw-request';
import { startPrivate, stopAll } from './support/private-server';

afterEach(stopAll);

test('what is written reads back, whatever the text', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' })), (texts) => {
      const document = parseXml(writeXml('Root', { Item: texts.map((Text) => ({ Text })) }), 'Root');
      expect(childrenOf(document, 'Item').map((item) => textOf(item, 'Text'))).toEqual(texts);
    }),
    { seed: 1, numRuns: 150 },
  );
});

test.each([
  ['another root', '<Other/>'],
  ['an element left open', '<Root><A></Root>'],
  ['ends without beginnings', '<Root></A></Root>'],
  ['two roots', '<Root/><Root/>'],
  ['text around the root', 'x<Root/>'],
  ['a document type, and with it entities', '<!DOCTYPE r [<!ENTITY a "b">]><Root>&a;</Root>'],
  ['an unknown entity', '<Root>&a;</Root>'],
  ['nothing', ''],
  ['deep nesting', '<Root>'.repeat(100) + '</Root>'.repeat(100)],
])('%s is malformed', (_title, source) => {
  expect(() => parseXml(source, 'Root')).toThrow('not well formed');
});

test('a client may use declarations, comments, namespaces, character data and references', () => {
  const source =
    '<?xml version="1.0"?><!-- c --><n:Root xmlns:n="u" a="1 > 0"><n:A>&lt;&#233;&#xe9;<![CDATA[<&]]></n:A><B/></n:Root>';
  const document = parseXml(source, 'Root');
  expect(textOf(document, 'A')).toBe('<éé<&');
  expect(textOf(document, 'B')).toBe('');
});

test.each([
  ['DELETE', '/bucket/k?acl', 'NotImplemented'],
  ['GET', '/bucket?website', 'NotImplemented'],
  ['POST', '/bucket/k?restore', 'NotImplemented'],
  ['POST', '/bucket/k', 'MethodNotAllowed'],
  ['PUT', '/', 'MethodNotAllowed'],
])('what the server does not have is refused, not taken for something else: %s %s', async (method, path, code) => {
  const { server } = await startPrivate();
  expect((await sendRaw(server, { method, path })).code).toBe(code);
});
