import type { Cost } from './timed-run';

/** What one contender cost in each round. */
export interface Measured {
  readonly name: string;
  readonly rounds: readonly Cost[];
}

/**
 * One line a contender: median wall time with its spread, the ratio to the floor (the first contender) as the median of the
 * ratios of each round, client CPU seconds per gigabyte of database, peak memory.
 */
export function report(title: string, measured: readonly Measured[], gigabytes: number): string {
  const [floor] = measured;
  const width = Math.max(...measured.map(({ name }) => name.length));
  const lines = measured.map(({ name, rounds }) => {
    const walls = rounds.map((round) => round.wallSeconds);
    const ratio = median(walls.map((wall, round) => wall / floor.rounds[round].wallSeconds));
    const cpu = median(rounds.map((round) => round.cpuSeconds)) / gigabytes;
    const peak = Math.max(...rounds.map((round) => round.peakBytes)) / 2 ** 20;
    return [
      name.padEnd(width),
      `${ratio.toFixed(2).padStart(6)} ×`,
      `${median(walls).toFixed(2).padStart(8)} s`,
      `(${Math.min(...walls).toFixed(2)}–${Math.max(...walls).toFixed(2)})`.padEnd(16),
      `${cpu.toFixed(2).padStart(6)} CPU s/GB`,
      `${peak.toFixed(0).padStart(5)} MiB`,
    ].join('  ');
  });
  return [title, ...lines, ''].join('\n');
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 === 1 ? sorted[Math.floor(middle)] : (sorted[middle - 1] + sorted[middle]) / 2;
}
