import fc from 'fast-check';
import { PartBudget, type Reservation } from '../../../runtime/store/part-budget';

describe('the memory budget of parts', () => {
  test('never more than the limit at once, in order of asking, and everybody gets a turn', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 100 }), { maxLength: 40 }), async (sizes) => {
        const budget = new PartBudget(100);
        const held: { size: number; reservation: Reservation }[] = [];
        const admitted: number[] = [];
        const all = sizes.map(async (size, index) => {
          const reservation = await budget.reserve(size);
          admitted.push(index);
          held.push({ size, reservation });
          expect(held.reduce((sum, { size: held }) => sum + held, 0)).toBeLessThanOrEqual(100);
        });
        while (admitted.length < sizes.length) {
          await new Promise(setImmediate);
          held.shift()?.reservation.release();
        }
        await Promise.all(all);
        expect(admitted).toEqual(sizes.map((_, index) => index));
      }),
    );
  });

  test('a part larger than the whole budget is admitted, alone', async () => {
    const budget = new PartBudget(10);
    const large = await budget.reserve(1_000);
    expect(budget.tryReserve(1)).toBeUndefined();
    large.release();
    expect(budget.tryReserve(1)).toBeDefined();
  });

  test('a large part is not overtaken for ever by small ones', async () => {
    const budget = new PartBudget(10);
    const first = await budget.reserve(6);
    const order: string[] = [];
    const large = budget.reserve(10).then((reservation) => (order.push('large'), reservation.release()));
    const small = budget.reserve(1).then((reservation) => (order.push('small'), reservation.release()));
    expect(budget.tryReserve(1)).toBeUndefined();
    first.release();
    await Promise.all([large, small]);
    expect(order).toEqual(['large', 'small']);
  });

  test('releasing twice gives back once', async () => {
    const budget = new PartBudget(10);
    const first = await budget.reserve(5);
    await budget.reserve(5);
    first.release();
    first.release();
    expect(budget.tryReserve(6)).toBeUndefined();
    expect(budget.tryReserve(5)).toBeDefined();
  });

  test('who waits and is told to stop leaves the line, and those behind move up', async () => {
    const budget = new PartBudget(10);
    await budget.reserve(5);
    const stop = new AbortController();
    const waiting = budget.reserve(9, stop.signal);
    const behind = budget.reserve(5);
    stop.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await behind;
    await expect(budget.reserve(1, stop.signal)).rejects.toThrow('enough');
  });

  test('buffers are used again, and those of a size gone by are let go', () => {
    const { buffers } = new PartBudget(100);
    const first = buffers.take(50);
    buffers.give(first);
    expect(buffers.take(50)).toBe(first);
    buffers.give(first);
    const larger = buffers.take(80);
    buffers.give(larger);
    expect(buffers.take(80)).toBe(larger);
    expect(buffers.take(50)).not.toBe(first);
  });
});
