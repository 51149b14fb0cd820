/** What CloudWatch makes of the values of one period. */
const SIMPLE: Readonly<Record<string, (values: readonly number[]) => number>> = {
  Sum: sum,
  Minimum: (values) => Math.min(...values),
  Maximum: (values) => Math.max(...values),
  Average: (values) => sum(values) / values.length,
  SampleCount: (values) => values.length,
};

const PERCENTILE = /^p(\d{1,2}(?:\.\d{1,2})?|100)$/;

export function isStatistic(name: string): boolean {
  return name in SIMPLE || PERCENTILE.test(name);
}

/** Of one value at least. Percentiles are interpolated between the two values nearest to them. */
export function statisticOf(values: readonly number[], name: string): number {
  if (name in SIMPLE) return SIMPLE[name](values);
  const share = Number(PERCENTILE.exec(name)?.[1]) / 100;
  const sorted = [...values].sort((a, b) => a - b);
  const place = share * (sorted.length - 1);
  const below = sorted[Math.floor(place)];
  return below + (sorted[Math.ceil(place)] - below) * (place - Math.floor(place));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
