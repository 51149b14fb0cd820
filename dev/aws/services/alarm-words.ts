/** An alarm's reason in CloudWatch's own words, from which programs read the value. */

const COMPARISONS: Readonly<Record<string, string>> = {
  GreaterThanThreshold: 'greater than',
  GreaterThanOrEqualToThreshold: 'greater than or equal to',
  LessThanThreshold: 'less than',
  LessThanOrEqualToThreshold: 'less than or equal to',
};
const TREATMENTS: Readonly<Record<string, string>> = {
  breaching: 'Breaching',
  notBreaching: 'NonBreaching',
  ignore: 'Ignored',
  missing: 'Missing',
};

export interface AlarmSituation {
  /** Of the evaluator: `7320 against GreaterThanThreshold 7200; 0 missing`. */
  readonly reason: string;
  readonly isAlarm: boolean;
  readonly treatMissingData: string;
  readonly at: Date;
}

export function cloudWatchReason({ reason, isAlarm, treatMissingData, at }: AlarmSituation): string {
  const [, values, comparison, threshold, missing] = /^(.+) against (\w+) (\S+); (-?\d+) missing$/.exec(reason) ?? [];
  if (values === undefined || !(comparison in COMPARISONS)) return reason;
  if (values === 'none') {
    const count = Number(missing);
    const periods = `${count} period${count === 1 ? '' : 's'}`;
    const treated = `${count} missing datapoint${count === 1 ? ' was' : 's were'} treated as [${TREATMENTS[treatMissingData]}]`;
    return `Threshold Crossed: no datapoints were received for ${periods} and ${treated}.`;
  }
  const points = values.split(', ').map((value) => `${decimal(value)} (${shortTime(at)})`);
  const what = points.length === 1 ? '1 datapoint' : `${points.length} datapoints`;
  const verb = `${points.length === 1 ? 'was' : 'were'}${isAlarm ? '' : ' not'} ${COMPARISONS[comparison]}`;
  return `Threshold Crossed: ${what} [${points.join(', ')}] ${verb} the threshold (${decimal(threshold)}).`;
}

function decimal(value: string): string {
  return Number.isInteger(Number(value)) ? `${value}.0` : value;
}

/** `19/11/26 02:15:00` */
function shortTime(at: Date): string {
  const [, year, month, day, time] = /^\d\d(\d\d)-(\d\d)-(\d\d)T(.{8})/.exec(at.toISOString()) ?? [];
  return `${day}/${month}/${year} ${time}`;
}
