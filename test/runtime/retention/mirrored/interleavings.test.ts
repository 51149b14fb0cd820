/** A recovery point that is made while retention runs, and retention while one is made: at some requests to the vault; at every one in the long run. */
import type { MirrorLab } from '../../components/objects/support';
import { endDuringRuns, runDuringEnds } from './interleavings';
import { startAgeingLab } from './support';

const CHOSEN = { first: 3, every: 4 };
/** Some hundred requests to a server, and processes. */
const SLOW_MS = 120_000;

let lab: MirrorLab;

beforeAll(async () => (lab = await startAgeingLab()));
afterAll(async () => {
  jest.useRealTimers();
  await lab.close();
});

test(
  'retention at any chosen moment of a run takes nothing that the run will name',
  async () => expect(await endDuringRuns(lab, CHOSEN)).toBeGreaterThanOrEqual(3),
  SLOW_MS,
);

test(
  'a run at any chosen moment of retention finds all that it takes over, and what it makes is whole',
  async () => expect(await runDuringEnds(lab, CHOSEN)).toBeGreaterThanOrEqual(3),
  SLOW_MS,
);
