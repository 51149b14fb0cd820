/**
 * One look at the vault. What it publishes depends on what lies there and on the time alone; so where nothing changed since, the
 * figures of the last look are published again, the ages with the time that went by. That both are the same is tested.
 */
import { METRICS, NO_POINT_AGE_SECONDS } from '../../../model';
import { publishFreshness, readFreshnessSettings } from '../../../runtime/observe/status/publish-freshness';
import type { FunctionSurroundings } from './function-surroundings';

interface Look {
  readonly changes: number;
  readonly atMs: number;
  readonly lines: readonly string[];
}

export class FreshnessLook {
  private last?: Look;

  constructor(
    private readonly surroundings: Pick<FunctionSurroundings, 'clock' | 'store' | 'disturbances' | 'looks'>,
    private readonly write: (line: string) => void,
  ) {}

  async carryOut(environment: Readonly<Record<string, string>>): Promise<void> {
    const { clock, store, disturbances, looks } = this.surroundings;
    const { source, components, encryptionKey } = readFreshnessSettings(environment);
    const atMs = clock.now().getTime();
    const isCalm = !disturbances.keyDisabled && disturbances.freshnessSkewMs === 0;
    if (looks === 'after changes' && isCalm && this.last?.changes === store.changes)
      return this.repeat(this.last, atMs);

    this.last = undefined;
    if (disturbances.freshnessSkewMs !== 0) disturbances.happened();
    const lines: string[] = [];
    await publishFreshness({
      store,
      source,
      components,
      now: () => new Date(clock.now().getTime() + disturbances.freshnessSkewMs),
      write: (line) => {
        lines.push(line);
        this.write(line);
      },
      keyState:
        encryptionKey === undefined ? undefined : async () => (disturbances.keyDisabled ? 'Disabled' : 'Enabled'),
    });
    // A run that did not end is taken for lost some day, without a change in the vault.
    if (isCalm && store.openRuns.size === 0) this.last = { changes: store.changes, atMs, lines };
  }

  private repeat({ atMs: lastMs, lines }: Look, atMs: number): void {
    for (const line of lines) this.write(line.includes('"_aws"') ? later(line, atMs - lastMs) : line);
  }
}

const AGES = [METRICS.newestAge.name, METRICS.newestVerifiedAge.name, METRICS.oldestVerificationAge.name];

function later(line: string, elapsedMs: number): string {
  const document = JSON.parse(line) as Record<string, number> & { _aws: { Timestamp: number } };
  document._aws.Timestamp += elapsedMs;
  for (const age of AGES) {
    // Of nothing, the oldest verification stays at none.
    const isOfNone = document[age] === NO_POINT_AGE_SECONDS || document[METRICS.pointsKept.name] === 0;
    if (age in document && !isOfNone) document[age] += elapsedMs / 1000;
  }
  return `${JSON.stringify(document)}\n`;
}
