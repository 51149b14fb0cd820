/** The stand-in reads templates as CloudFormation does, and refuses what it does not know. */
import { creationOrder } from '../../../dev/aws/template/order';
import { Resolver } from '../../../dev/aws/template/resolve';
import type { Template } from '../../../dev/aws/template/template';

function resolver(template: Partial<Template> = {}, parameters: Record<string, string> = {}): Resolver {
  return new Resolver({
    template: { Resources: { Bucket: { Type: 'AWS::S3::Bucket' } }, ...template },
    parameters,
    pseudo: { 'AWS::Region': 'eu-central-1', 'AWS::Partition': 'aws' },
    resource: (id) => {
      if (id !== 'Bucket') throw new Error(`no ${id}`);
      return { ref: 'my-bucket', attributes: { Arn: 'arn:aws:s3:::my-bucket', 'Endpoint.Port': 5432 } };
    },
    imported: (name) => `imported ${name}`,
  });
}

test.each<[string, unknown, unknown]>([
  ['Ref of a resource', { Ref: 'Bucket' }, 'my-bucket'],
  ['Ref of a pseudo parameter', { Ref: 'AWS::Region' }, 'eu-central-1'],
  ['Fn::GetAtt', { 'Fn::GetAtt': ['Bucket', 'Arn'] }, 'arn:aws:s3:::my-bucket'],
  ['Fn::GetAtt with a dot in the name', { 'Fn::GetAtt': ['Bucket', 'Endpoint.Port'] }, 5432],
  ['Fn::GetAtt as a text', { 'Fn::GetAtt': 'Bucket.Endpoint.Port' }, 5432],
  ['Fn::Join of functions', { 'Fn::Join': ['/', ['s3:/', { Ref: 'Bucket' }, 'x']] }, 's3://my-bucket/x'],
  ['Fn::Sub', { 'Fn::Sub': '${AWS::Partition}:${Bucket}:${Bucket.Arn}' }, 'aws:my-bucket:arn:aws:s3:::my-bucket'],
  ['Fn::Sub with a literal', { 'Fn::Sub': '${!Literal}' }, '${Literal}'],
  [
    'Fn::Sub with variables',
    { 'Fn::Sub': ['${a}-${Bucket}', { a: { Ref: 'AWS::Region' } }] },
    'eu-central-1-my-bucket',
  ],
  ['Fn::Select of Fn::Split', { 'Fn::Select': [1, { 'Fn::Split': ['-', { Ref: 'Bucket' }] }] }, 'bucket'],
  ['Fn::ImportValue', { 'Fn::ImportValue': { 'Fn::Sub': 'x-${Bucket}' } }, 'imported x-my-bucket'],
  ['Fn::Base64', { 'Fn::Base64': 'abc' }, 'YWJj'],
  ['what has no function', { Statement: [{ Effect: 'Allow', Condition: { Bool: { x: true } } }] }, undefined],
])('%s is resolved', (_name, value, expected) => {
  expect(resolver().resolve(value)).toEqual(expected ?? value);
});

test('a value that is AWS::NoValue is left out, in objects and in lists', () => {
  const none = { Ref: 'AWS::NoValue' };
  expect(resolver().resolve({ a: none, b: [1, none, 2] })).toEqual({ b: [1, 2] });
});

test('conditions decide what Fn::If gives', () => {
  const template = {
    Parameters: { Stage: { Type: 'String', Default: 'test' } },
    Conditions: {
      IsLive: { 'Fn::Equals': [{ Ref: 'Stage' }, 'live'] },
      IsTest: { 'Fn::Not': [{ Condition: 'IsLive' }] },
      Both: { 'Fn::And': [{ Condition: 'IsLive' }, { Condition: 'IsTest' }] },
      Either: { 'Fn::Or': [{ Condition: 'IsLive' }, { Condition: 'IsTest' }] },
    },
  };
  const given = resolver(template, { Stage: 'live' });
  const byDefault = resolver(template);
  expect(given.resolve({ 'Fn::If': ['IsLive', 'yes', 'no'] })).toBe('yes');
  expect(byDefault.resolve({ 'Fn::If': ['IsLive', 'yes', { Ref: 'Bucket' }] })).toBe('my-bucket');
  expect(['IsTest', 'Both', 'Either'].map((name) => byDefault.holds(name))).toEqual([true, false, true]);
});

test.each<[string, unknown, string]>([
  ['a function', { 'Fn::Cidr': ['10.0.0.0/16', 2, 8] }, 'the stand-in does not know Fn::Cidr'],
  ['a pseudo parameter', { Ref: 'AWS::NotificationARNs' }, 'does not know the pseudo parameter AWS::NotificationARNs'],
  [
    'an attribute',
    { 'Fn::GetAtt': ['Bucket', 'WebsiteURL'] },
    'does not know the attribute WebsiteURL of AWS::S3::Bucket',
  ],
  ['a place in a list', { 'Fn::Select': [2, ['a', 'b']] }, 'Fn::Select asks for 2 of 2 values'],
  ['an object in a text', { 'Fn::Join': ['', ['a', { b: 1 }]] }, 'stands where a text is needed'],
])('%s that it does not know is refused with a sentence', (_name, value, sentence) => {
  expect(() => resolver().resolve(value)).toThrow(sentence);
});

test('a resource is made after all that it refers to, however it does', () => {
  const type = { Type: 'AWS::S3::Bucket' };
  const order = creationOrder({
    Resources: {
      A: { ...type, Properties: { x: { 'Fn::Join': ['', [{ 'Fn::GetAtt': ['C', 'Arn'] }]] } } },
      B: { ...type, DependsOn: 'A' },
      C: { ...type, Properties: { x: { 'Fn::Sub': '${D.Arn}/*' } } },
      D: { ...type, Properties: { x: [{ Ref: 'E' }] } },
      E: type,
    },
  });
  expect(order).toEqual(['E', 'D', 'C', 'A', 'B']);
});

test('resources that refer to each other in a circle are refused', () => {
  const referring = (other: string) => ({ Type: 'AWS::S3::Bucket', Properties: { x: { Ref: other } } });
  expect(() => creationOrder({ Resources: { A: referring('B'), B: referring('A') } })).toThrow('A → B → A');
});
