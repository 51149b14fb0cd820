/**
 * List prices in US dollars, for an estimate before deployment: written down by hand from the public price pages, without
 * discounts or free tier. Prices move, so what is computed with them is labelled an estimate. A region that is not here is
 * estimated with us-east-1 and labelled so.
 *
 * @see https://aws.amazon.com/s3/pricing/
 * @see https://aws.amazon.com/fargate/pricing/
 * @see https://aws.amazon.com/kms/pricing/
 * @see https://aws.amazon.com/cloudwatch/pricing/
 */
export interface UnitPrices {
  readonly region: string;
  /** Per GB and month. */
  readonly standard: number;
  /** Per GB and month. */
  readonly infrequentAccess: number;
  /** Per GB and month. */
  readonly glacierInstantRetrieval: number;
  /** Fargate on ARM, per vCPU and hour. */
  readonly fargateCpuHour: number;
  /** Fargate on ARM, per GB and hour. */
  readonly fargateMemoryHour: number;
  /** Per customer managed key and month. */
  readonly key: number;
  /** Per metric and month, of the first ten thousand. */
  readonly customMetric: number;
  /** Per metric that an alarm reads, and month. */
  readonly alarmMetric: number;
  /** Per dashboard and month, after the first three of an account. */
  readonly dashboard: number;
}

/** The same in the regions that are written down here. */
const WATCHING = { customMetric: 0.3, alarmMetric: 0.1, dashboard: 3 };

const PRICES: Record<string, UnitPrices> = {
  'us-east-1': {
    region: 'us-east-1',
    standard: 0.023,
    infrequentAccess: 0.0125,
    glacierInstantRetrieval: 0.004,
    fargateCpuHour: 0.03238,
    fargateMemoryHour: 0.00356,
    key: 1,
    ...WATCHING,
  },
  'eu-central-1': {
    region: 'eu-central-1',
    standard: 0.0245,
    infrequentAccess: 0.0135,
    glacierInstantRetrieval: 0.005,
    fargateCpuHour: 0.03725,
    fargateMemoryHour: 0.00409,
    key: 1,
    ...WATCHING,
  },
};

/** The prices of a region, or those of us-east-1 where the region is not known. */
export function unitPrices(region: string): UnitPrices {
  return PRICES[region] ?? PRICES['us-east-1'];
}
