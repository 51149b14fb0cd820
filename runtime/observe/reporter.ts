/**
 * What a run tells while it works. One interface for a terminal (bars), a pipe (lines) and a task's log (JSON lines);
 * the components know only this.
 */
export interface Reporter {
  /** A step of the story: "schema", "data", "comparing". With `totalBytes` it can show a rate and the time left. */
  begin(step: string, options?: { totalBytes?: number; detail?: string }): Step;
  /** Something the person should know and that does not end the run. */
  warn(message: string): void;
}

export interface Step {
  /** More of it is done. */
  advance(bytes: number): void;
  /** What is happening in it now: a table's name, a count. */
  detail(text: string): void;
  /** Ended well; `summary` is what to remember of it. */
  done(summary?: string): void;
  failed(reason: string): void;
}

/** Tells nothing. */
export const silentReporter: Reporter = {
  begin: () => ({ advance: () => undefined, detail: () => undefined, done: () => undefined, failed: () => undefined }),
  warn: () => undefined,
};
