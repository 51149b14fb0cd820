/** The figures of a recovery point that was made, as metrics: the same of every component. */
export interface MadeFigures {
  readonly durationMs: number;
  readonly storedBytes: number;
  /** In the component's own unit: rows of a dump, else objects, files, entries. */
  readonly items: number;
}

export function madeFigures({ durationMs, storedBytes, items }: MadeFigures) {
  return { ...runFigures({ durationMs, storedBytes }), backupItems: items };
}

/** Of a dump, whose rows are a metric of their own. */
export function dumpFigures({ durationMs, storedBytes, items }: MadeFigures) {
  return { ...runFigures({ durationMs, storedBytes }), backupRows: items };
}

function runFigures({ durationMs, storedBytes }: Omit<MadeFigures, 'items'>) {
  return { backupDuration: Math.round(durationMs) / 1000, backupSize: storedBytes };
}
