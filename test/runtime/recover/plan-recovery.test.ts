/** What is to be recovered is everything that was backed up, also what no set holds; and what to type reads as it is meant. */
import { randomBytes } from 'node:crypto';
import type { Manifest } from '../../../model';
import { backupConfiguration } from '../../../runtime/components/configuration/backup';
import type { ConfigurationServices } from '../../../runtime/components/configuration/types';
import { silentReporter } from '../../../runtime/observe/reporter';
import { choosePoints } from '../../../runtime/recover/choose-points';
import { recoverySteps } from '../../../runtime/recover/recovery-steps';
import type { ChosenPoint } from '../../../runtime/recover/types';
import { MemoryStore } from '../../support/memory-store';
import { makesPoint, run, SOURCE, TIME } from '../system/support';

const context = (store: MemoryStore) => ({
  store,
  reporter: silentReporter,
  signal: new AbortController().signal,
  now: () => TIME,
});

async function backUpConfiguration(store: MemoryStore): Promise<void> {
  const services = {
    readParameter: async (name: string) =>
      ({ kind: 'parameter', name, type: 'String', version: '1', value: Buffer.from('on') }) as const,
  } as ConfigurationServices;
  const request = {
    source: SOURCE,
    class: 'daily' as const,
    envelopeKey: 'arn:aws:kms:eu-central-1:111122223333:key/1',
    parameters: ['/orders/flag'],
    parameterPaths: [],
    secrets: [],
    texts: [],
  };
  const plain = randomBytes(32);
  const keys = {
    generate: async (keyArn: string) => ({ keyArn, plain: Buffer.from(plain), encrypted: Buffer.from('sealed') }),
    decrypt: async () => Buffer.from(plain),
  };
  expect((await backupConfiguration(request, context(store), services, keys)).outcome).toBe('made');
}

test('with a good set, what is backed up besides is recovered too', async () => {
  const store = new MemoryStore(() => TIME);
  const { set } = await run(store, { dump: makesPoint });
  await backUpConfiguration(store);
  const chosen = await choosePoints(store, SOURCE, () => undefined);
  expect(chosen.set).toBe(set);
  expect(chosen.points.map(({ component, inSet }) => [component, inSet])).toEqual([
    ['dump', true],
    ['configuration', false],
  ]);
  const typed = recoverySteps(chosen).flatMap(({ argv }) => (argv === null ? [] : [argv.slice(0, 2).join(' ')]));
  expect(typed).toEqual(['restore set', 'restore set', 'restore configuration']);
});

test('without a set, the newest of each', async () => {
  const store = new MemoryStore(() => TIME);
  await backUpConfiguration(store);
  const { set, points } = await choosePoints(store, SOURCE, () => undefined);
  expect([set, points.map(({ component, inSet }) => [component, inSet])]).toEqual([null, [['configuration', false]]]);
});

const whole = (component: 'dump' | 'base-backup'): ChosenPoint => {
  const manifest = { component, point: '20261120T021000Z-aaaaaa', databases: [{ name: 'orders' }], globals: null };
  return { component, inSet: false, point: { manifest: manifest as unknown as Manifest } as ChosenPoint['point'] };
};

test('a whole server is instead of a dump, where there is one', () => {
  const purposes = (points: ChosenPoint[]) => recoverySteps({ set: null, points }).map(({ purpose }) => purpose);
  expect(purposes([whole('dump'), whole('base-backup')])[1]).toMatch(/^or, instead of the dump: restore the whole/);
  expect(purposes([whole('base-backup')])[0]).toMatch(/^restore the whole server to the last moment/);
});
