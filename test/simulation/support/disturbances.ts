/** What is wrong in a simulation: switches that a fault turns, and the proof that they did something. */
import type { LivedCode } from './plan-stack';

export class Disturbances {
  /** How runs end. */
  runs: 'succeed' | 'fail' | 'are killed' | 'hang' = 'succeed';
  /** Only runs of this class end so; nothing: all. */
  onlyClass?: string;
  /** EventBridge Scheduler fires nothing; rules go on. */
  schedulerOff = false;
  /** The schedule of the daily verification of everything is off. */
  sweepOff = false;
  /** What the scheduler should start is refused. */
  startsRefused = false;
  /** Rows and bytes of a run, by what is usual. */
  contentFactor = 1;
  /** How far the clock of the task is off. */
  taskSkewMs = 0;
  /** How far the clock of the function that looks is off. */
  freshnessSkewMs = 0;
  keyDisabled = false;
  readonly failingFunctions = new Set<LivedCode>();
  readonly functionsNotStarted = new Set<LivedCode>();

  /** When something was first otherwise than without the fault. */
  firstEffectAt?: Date;

  constructor(private readonly now: () => Date) {}

  /** Told by whatever a switch changes. */
  happened(): void {
    this.firstEffectAt ??= this.now();
  }

  end(): void {
    Object.assign(this, {
      runs: 'succeed',
      onlyClass: undefined,
      schedulerOff: false,
      sweepOff: false,
      startsRefused: false,
      contentFactor: 1,
      taskSkewMs: 0,
      freshnessSkewMs: 0,
      keyDisabled: false,
    });
    this.failingFunctions.clear();
    this.functionsNotStarted.clear();
  }
}
