/** A whole server is restored for practice, to a moment by lot: it stands there and nowhere else, and it is sound. */
import { chooseMoment } from '../../../../runtime/drill/base-backup/choose-moment';
import { DrillPhases } from '../../../../runtime/drill/phases';
import { Findings } from '../../../../runtime/drill/findings';
import { readDrill } from '../../../../runtime/drill/records';
import { BackupError } from '../../../../runtime/errors';
import { silentReporter, type Reporter } from '../../../../runtime/observe/reporter';
import type { DrillRequest } from '../../../../runtime/drill/types';
import { makeBase } from '../../components/base-backup/support';
import { check, findings } from '../support/drill-lab';
import { comparison, serverPid, ServerDrillLab } from './support';

let lab: ServerDrillLab;

beforeAll(async () => {
  lab = await ServerDrillLab.start();
});
afterAll(() => lab.stop());

/** Does something as soon as a step begins. */
function onStep(name: string, act: () => void): Reporter {
  return {
    ...silentReporter,
    begin: (step, options) => {
      if (step === name) act();
      return silentReporter.begin(step, options);
    },
  };
}

/** When the second of the two databases was compared, and nothing more is to be asked of the server. */
function onLastComparison(act: () => void): Reporter {
  let left = 2;
  return {
    ...silentReporter,
    begin: (name, options) => {
      const step = silentReporter.begin(name, options);
      return name !== 'comparing' ? step : { ...step, done: () => void ((left -= 1) === 0 && act()) };
    },
  };
}

test('passes, and the record says which moment, by which seed, what was compared and what it took', async () => {
  const made = await lab.drill({ seed: 7, recoveryTimeObjectiveSeconds: 3600 });
  expect(findings(made)).toBe('');
  expect(made).toMatchObject({ component: 'base-backup', outcome: 'passed', seed: 7, moment: { asked: 'random' } });
  expect(made.moment?.target).toMatch(/^position .*, where transaction \d+ ended at /);
  expect(made.moment?.target).toContain(made.moment?.lastTransactionAt);
  expect(comparison(made, 'files').compared).toBe(made.point?.items);
  expect(comparison(made, 'tables').compared).toBeGreaterThan(100);
  expect(comparison(made, 'indexes').compared).toBeGreaterThan(100);
  const phases = made.phases.map(({ name }) => name);
  expect(phases).toEqual(expect.arrayContaining(['moment', 'base backup', 'recovery', 'disarming', 'comparing']));
  const restoring = made.phases.filter(({ name }) => ['base backup', 'recovery', 'writing to disk'].includes(name));
  expect(made.restoreMs).toBe(restoring.reduce((sum, { durationMs }) => sum + durationMs, 0));
  const [key] = (await lab.keys()).slice(-1);
  expect(key).toMatch(/^orders\/drills\/base-backup\/\d{4}\/\d\d\/\d\d\//);
  expect((await readDrill(lab.store, key)).drill).toEqual(made);
});

test('at the time that was asked for there is what was committed before, and nothing after it', async () => {
  const mark = lab.marks[11];
  const checks = [
    check('newest row', 'SELECT max(id) FROM public.ledger', { kind: 'equals', number: mark.id }, 'postgres'),
    check('rows', 'SELECT count(*) FROM ledger', { kind: 'equals', number: mark.id }),
    check('wrong', 'SELECT count(*) FROM ledger', { kind: 'equals', number: mark.id + 1 }),
  ];
  const made = await lab.drill({ moment: mark.at, checks });
  expect(made.checks.map(({ outcome }) => outcome)).toEqual(['passed', 'passed', 'failed']);
  expect(made.outcome).toBe('failed');
});

test('the same seed draws the same moment, others draw others; all of them can be reached', async () => {
  const { store, signal, now } = lab.moments.primary.lab.context({});
  const draw = async (seed: number) => {
    const request = lab.request({ seed });
    const phases = new DrillPhases(silentReporter);
    const work = {
      request,
      phases,
      findings: new Findings(request, now()),
      context: { store, signal, now, reporter: silentReporter },
    };
    return (await chooseMoment(work)).words;
  };
  const drawn = await Promise.all([1, 2, 3, 4, 1].map(draw));
  expect(drawn[4]).toBe(drawn[0]);
  expect(new Set(drawn).size).toBeGreaterThan(2);
});

test('a segment that is gone: no moment behind it can be restored, which is a failure although one before it was', async () => {
  const made = await lab.withoutMiddleSegment(() => lab.drill({ seed: 3 }));
  expect(comparison(made, 'moment').outcome).toBe('passed');
  expect(findings(made)).toMatch(/^log of server failed: the archived log has a gap behind this base backup/m);
  expect(made.outcome).toBe('failed');
  const latest = await lab.withoutMiddleSegment(() => lab.drill({ moment: 'latest' }));
  expect([latest.outcome, latest.failure?.code]).toEqual(['failed', 'point-missing']);
});

test('a segment that is damaged has failed; a store that its server cannot reach has not been asked', async () => {
  const damaged = await lab.withDamagedSegment(() => lab.drill({ moment: 'latest' }));
  expect([damaged.outcome, damaged.restoreMs]).toEqual(['failed', null]);
  const environment = {
    ...lab.request().logReader?.environment,
    AWS_ENDPOINT_URL: 'http://127.0.0.1:9',
    AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:9',
  };
  const logReader = { program: lab.request().logReader?.program ?? [], environment };
  const unreachable = await lab.drill({ moment: 'latest', logReader });
  expect([unreachable.outcome, unreachable.failure?.code]).toEqual(['could not verify', 'store-unreachable']);
});

test('out of time in the middle of recovery; its server killed under the last comparison: nothing is known, and nothing left', async () => {
  const stop = new AbortController();
  const late = onStep('recovery', () => stop.abort(new BackupError('deadline-exceeded', 'not finished after 1 s')));
  const stopped = await lab.drill({}, { signal: stop.signal, reporter: late });
  expect([stopped.outcome, stopped.failure?.code]).toEqual(['could not verify', 'deadline-exceeded']);
  const killed = await lab.drill(
    {},
    { reporter: onLastComparison(() => process.kill(serverPid(lab.scratch), 'SIGKILL')) },
  );
  expect([killed.outcome, killed.failure?.code, killed.restoreMs]).toEqual([
    'could not verify',
    'drill-server-ended',
    null,
  ]);
});

test('an old moment that somebody asked for is told as such; one by lot is not, wherever it lies', async () => {
  const { point: newest } = (await makeBase(lab.moments.primary)).manifest;
  const drilled = async (request: Partial<DrillRequest>) => {
    const stop = new AbortController();
    const soon = onStep('base backup', () => stop.abort(new BackupError('deadline-exceeded', 'enough was seen')));
    return lab.drill(request, { signal: stop.signal, reporter: soon });
  };
  const old = await drilled({ moment: lab.marks[11].at });
  expect(old.insteadOf).toBe(newest);
  expect((await drilled({ point: old.point?.point })).insteadOf).toBe(newest);
  // Near to the beginning of the log.
  const byLot = await drilled({ seed: 1 });
  expect(byLot.point).toEqual(old.point);
  expect(byLot).not.toHaveProperty('insteadOf');
});

test('no base backup at all', async () => {
  const made = await lab.drill({ source: 'nobody' });
  expect([made.outcome, made.failure?.code, made.point]).toEqual(['failed', 'point-missing', null]);
});
