/** A recovery point that is made while retention runs, and retention while one is made: at every single request to the vault. */
import type { MirrorLab } from '../runtime/components/objects/support';
import { endDuringRuns, runDuringEnds } from '../runtime/retention/mirrored/interleavings';
import { startAgeingLab } from '../runtime/retention/mirrored/support';

const CHOSEN = { first: 1, every: 1 };
/** Some thousand requests to a server, and processes. */
const SLOW_MS = 600_000;

let lab: MirrorLab;

beforeAll(async () => (lab = await startAgeingLab()));
afterAll(async () => {
  jest.useRealTimers();
  await lab.close();
});

test(
  'retention at any moment of a run takes nothing that the run will name',
  async () => expect(await endDuringRuns(lab, CHOSEN)).toBeGreaterThanOrEqual(15),
  SLOW_MS,
);

test(
  'a run at any moment of retention finds all that it takes over, and what it makes is whole',
  async () => expect(await runDuringEnds(lab, CHOSEN)).toBeGreaterThanOrEqual(15),
  SLOW_MS,
);
