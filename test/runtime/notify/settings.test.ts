import { FUNCTION_ENVIRONMENT } from '../../../model';
import { readDestinations } from '../../../runtime/notify/settings';

const read = (text?: string) => readDestinations({ [FUNCTION_ENVIRONMENT.destinations]: text });

test('destinations are read as the construct writes them', () => {
  const list = [
    { kind: 'slack', secret: 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:slack-AbCdEf' },
    { kind: 'webhook', secret: 'acme/hook' },
  ];
  expect(read(JSON.stringify(list))).toEqual(list);
});

test.each([
  undefined,
  '',
  '[]',
  'slack',
  '{"kind":"slack","secret":"x"}',
  '[null]',
  '[{"kind":"irc","secret":"x"}]',
  '[{"kind":"slack"}]',
  '[{"kind":"slack","secret":""}]',
])('%j is refused: a function that posts nowhere looks like one that has nothing to tell', (text) => {
  expect(() => read(text)).toThrow(`POSTGRES_BACKUP_DESTINATIONS is ${JSON.stringify(text ?? '')}`);
});
