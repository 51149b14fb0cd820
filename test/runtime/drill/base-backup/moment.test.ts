/** A whole server is restored to a moment by lot, for practice: it stands there, is sound, and nothing of it acts. */
import { ServerDrillLab } from './support';

let lab: ServerDrillLab;

beforeAll(async () => {
  lab = await ServerDrillLab.start();
}, 120_000);
afterAll(() => lab.stop(), 60_000);

test('clean: passes', async () => {
  const made = await lab.drill();
  console.log(JSON.stringify({ ...made, databases: made.databases }, null, 1).slice(1500));
  expect(made.outcome).toBe('passed');
}, 120_000);
