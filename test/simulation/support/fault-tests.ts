/** The tests of faults: each on a stack of its own, against what is promised, and against the guide's table. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { allFaults } from './faults';
import { detect } from './detection';
import { deployProductionPlan } from './plan-stack';
import { TABLE_BEGINS, TABLE_ENDS, TABLE_HEAD, tableRow } from './table';

const GUIDE = path.join(__dirname, '../../../docs/detection.md');

/** Simulated days take real seconds, more of them on a busy machine. */
const LONG_MS = 300_000;

/** Of all faults, one in so many, so that several test files share them. */
export function testFaults(share: { readonly nth: number; readonly of: number }): void {
  const deployment = deployProductionPlan();
  const faults = allFaults(deployment);
  const rows = guideRows();

  it('are those of the guide', () => {
    expect(rows).toHaveLength(faults.length);
  });

  for (const [index, fault] of faults.entries()) {
    if (index % share.of !== share.nth) continue;
    it(
      `${fault.name}: ${fault.alarms.length > 0 ? 'an alarm goes off in time, and is over afterwards' : 'no alarm goes off, as the guide says'}`,
      async () => {
        const detection = await detect(deployment, fault);
        process.stdout.write(`${tableRow(detection)}\n`);

        expect(detection.before).toEqual([]);
        expect(detection.firstEffectAt).toBeInstanceOf(Date);
        const wanted = detection.alarms.filter(({ name }) => fault.alarms.includes(name));
        if (fault.alarms.length === 0) expect(detection.alarms).toEqual([]);
        else
          expect(Math.min(...wanted.map(({ afterSeconds }) => afterSeconds))).toBeLessThanOrEqual(fault.withinSeconds);
        expect(detection.recoveredAfterSeconds).toBeDefined();
        expect(rows[index]).toBe(tableRow(detection));
      },
      LONG_MS,
    );
  }
}

function guideRows(): string[] {
  const text = readFileSync(GUIDE, 'utf8');
  const table = text.slice(text.indexOf(TABLE_BEGINS) + TABLE_BEGINS.length, text.indexOf(TABLE_ENDS));
  return table.trim().split('\n').slice(TABLE_HEAD.length);
}
