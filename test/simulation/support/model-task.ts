/**
 * The backup task of a simulation: begins, dumps and ends as the real one does, in no time of its own. It claims, writes and
 * fails through the real code; only the dump is a model.
 */
import { ENVIRONMENT, isRetentionClass, type RetentionClass } from '../../../model';
import type { Clock } from '../../../dev/aws/clock';
import { PointWriter } from '../../../runtime/catalog/point-writer';
import { addressOf } from '../../../runtime/catalog/run-id';
import { BackupError, toBackupError } from '../../../runtime/errors';
import type { ObjectStore } from '../../../runtime/store/store';
import { FaultyStore } from '../../support/faulty-store';
import type { Seeded } from '../../support/seeded';
import type { Disturbances } from './disturbances';
import { storeContent, USUAL } from './model-content';

/** Until Fargate has a task running. */
const STARTING_SECONDS = 50;
const SHORTEST_SECONDS = 90;
const LONGEST_SECONDS = 420;
/** S3 refuses requests whose time is further off. */
const SKEW_TOLERATED_MS = 15 * 60_000;

export interface TaskSurroundings {
  readonly clock: Clock;
  readonly store: ObjectStore;
  readonly random: Seeded;
  readonly disturbances: Disturbances;
}

/** Sets what the task will do; it is told all it knows by its environment. */
export function startTask(environment: Readonly<Record<string, string>>, surroundings: TaskSurroundings): void {
  const { clock, random } = surroundings;
  const beginsAt = clock.now().getTime() + STARTING_SECONDS * 1000;
  const seconds = SHORTEST_SECONDS + random.below(LONGEST_SECONDS - SHORTEST_SECONDS);
  clock.at(new Date(beginsAt), () => begin(environment, surroundings, new Date(beginsAt + seconds * 1000)));
}

async function begin(
  environment: Readonly<Record<string, string>>,
  surroundings: TaskSurroundings,
  endsAt: Date,
): Promise<void> {
  const { clock, disturbances } = surroundings;
  const startedAt = new Date(clock.now().getTime() + disturbances.taskSkewMs);
  const store = storeSeenBy(surroundings);
  const address = addressOf({
    source: environment[ENVIRONMENT.source],
    component: 'dump',
    class: classIn(environment),
    scheduledAt: new Date(environment[ENVIRONMENT.scheduledAt]),
    startedAt,
  });
  try {
    const deadlineSeconds = Number(environment[ENVIRONMENT.deadline]);
    const writer = await PointWriter.claim(store, address, startedAt, { deadlineSeconds });
    if (writer === 'taken') return;
    const deadline = new Date(clock.now().getTime() + deadlineSeconds * 1000);
    if (outcomeOf(writer, disturbances) === 'hang') disturbances.happened();
    const endAt = outcomeOf(writer, disturbances) === 'hang' ? deadline : endsAt;
    clock.at(endAt, () => end(writer, store, surroundings, startedAt));
  } catch (error) {
    // It has no place to say so: what is not in the vault was never there.
    if (!(error instanceof BackupError)) throw error;
    disturbances.happened();
  }
}

async function end(
  writer: PointWriter,
  store: ObjectStore,
  { clock, random, disturbances }: TaskSurroundings,
  startedAt: Date,
): Promise<void> {
  const { contentFactor } = disturbances;
  const outcome = outcomeOf(writer, disturbances);
  if (outcome !== 'succeed' || contentFactor !== 1) disturbances.happened();
  if (outcome === 'are killed') return;
  try {
    if (outcome === 'hang') throw new BackupError('deadline-exceeded', 'the time that the run may take was over');
    if (outcome === 'fail') throw new BackupError('authentication-failed', 'the server refused the password');
    const noise = contentFactor * (0.97 + random.below(60) / 1000);
    const content = { rows: Math.round(USUAL.rows * noise), sizeBytes: Math.round(USUAL.sizeBytes * noise) };
    await writer.finish(await storeContent(store, writer, content, startedAt, clock.now()));
  } catch (thrown) {
    const error = toBackupError(thrown);
    if (error.code === 'internal') throw thrown;
    disturbances.happened();
    await leaveRecord(writer, error, clock.now());
  }
}

function outcomeOf({ address }: PointWriter, { runs, onlyClass }: Disturbances): Disturbances['runs'] {
  return onlyClass === undefined || onlyClass === address.class ? runs : 'succeed';
}

async function leaveRecord(writer: PointWriter, error: BackupError, at: Date): Promise<void> {
  try {
    await writer.fail(error, at);
  } catch (unrecorded) {
    // Then there is no record: as when the key that encrypts it is disabled.
    if (!(unrecorded instanceof BackupError)) throw unrecorded;
  }
}

function storeSeenBy({ store, disturbances }: TaskSurroundings): ObjectStore {
  if (Math.abs(disturbances.taskSkewMs) <= SKEW_TOLERATED_MS) return store;
  const error = () => new BackupError('store-denied', 'RequestTimeTooSkewed');
  return new FaultyStore(store, [{ on: 'put', effect: 'fail', error }]);
}

function classIn(environment: Readonly<Record<string, string>>): RetentionClass {
  const name = environment[ENVIRONMENT.class];
  if (!isRetentionClass(name)) throw new Error(`the schedule starts the task with class ${name}`);
  return name;
}
