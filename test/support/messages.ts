import type { Reporter } from '../../runtime/observe/reporter';

/** Keeps what runs told, for a test to read. */
export class Messages {
  readonly warnings: string[] = [];
  /** Names of the steps, in the order they began. */
  readonly steps: string[] = [];

  readonly reporter: Reporter = {
    begin: (step) => {
      this.steps.push(step);
      return { advance: nothing, detail: nothing, done: nothing, failed: nothing };
    },
    warn: (message) => void this.warnings.push(message),
  };
}

function nothing(): void {
  return;
}
