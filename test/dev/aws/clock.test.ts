import { Clock } from '../../../dev/aws/clock';

const START = new Date('2026-11-20T02:00:00Z');
const minutes = (count: number) => new Date(START.getTime() + count * 60_000);

describe('a clock that is moved', () => {
  it('does what is due in order, each at its own moment, and stands at the end where it was moved to', async () => {
    const clock = new Clock(START);
    const done: string[] = [];
    const note = (name: string) => () => void done.push(`${name} ${clock.now().toISOString().slice(11, 16)}`);
    clock.at(minutes(5), note('second'));
    clock.at(minutes(2), note('first'));
    clock.at(minutes(5), note('third'));
    clock.at(minutes(11), note('never'));
    await clock.advanceTo(minutes(10));
    expect(done).toEqual(['first 02:02', 'second 02:05', 'third 02:05']);
    expect(clock.now()).toEqual(minutes(10));
  });

  it('waits for what is done before it goes on, and does what that sets in turn', async () => {
    const clock = new Clock(START);
    const done: string[] = [];
    clock.at(minutes(1), async () => {
      clock.at(minutes(2), () => void done.push('set on the way'));
      await new Promise((resolve) => setImmediate(resolve));
      done.push('slow');
    });
    clock.at(minutes(3), () => void done.push('last'));
    await clock.advanceTo(minutes(3));
    expect(done).toEqual(['slow', 'set on the way', 'last']);
  });

  it('does at once what was due before, takes back what is taken back, and goes nowhere back', async () => {
    const clock = new Clock(minutes(10));
    const seen: Date[] = [];
    clock.at(START, () => void seen.push(clock.now()));
    const cancel = clock.at(minutes(12), () => void seen.push(clock.now()));
    cancel();
    cancel();
    await clock.advanceTo(minutes(20));
    expect(seen).toEqual([minutes(10)]);
    await expect(clock.advanceTo(minutes(19))).rejects.toThrow('does not go back');
  });

  it('tells of work that fails, and stands at its moment', async () => {
    const clock = new Clock(START);
    clock.at(minutes(4), () => {
      throw new Error('it went wrong');
    });
    await expect(clock.advanceTo(minutes(9))).rejects.toThrow('it went wrong');
    expect(clock.now()).toEqual(minutes(4));
    await clock.advanceTo(minutes(9));
  });

  it('is moved by one at a time, and by no timer that sets itself again at once', async () => {
    const clock = new Clock(START);
    clock.at(minutes(1), () => clock.advanceTo(minutes(2)));
    await expect(clock.advanceTo(minutes(1))).rejects.toThrow('moved already');
    const again = (): void => void clock.at(minutes(1), again);
    again();
    await expect(clock.advanceTo(minutes(2))).rejects.toThrow('sets itself again');
    expect(() => clock.at(new Date(NaN), () => undefined)).toThrow('not a time');
  });
});
