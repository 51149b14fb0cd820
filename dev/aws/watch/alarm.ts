/**
 * What state CloudWatch gives an alarm. Periods of a minute and more are looked at every minute, over the periods that end then.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
 */
import { readAlarm, type AlarmRule } from './alarm-properties';
import { evaluateExpression } from './metric-math';
import type { MetricStore } from './metric-store';

export type AlarmState = 'OK' | 'ALARM' | 'INSUFFICIENT_DATA';

export interface AlarmEvaluation {
  readonly state: AlarmState;
  /** For a person: what was compared. */
  readonly reason: string;
}

/**
 * Periods that are looked back on beyond those that are evaluated, where some are missing. How many, CloudWatch does not say; in
 * the examples of its guide there are two.
 */
export const EXTRA_PERIODS = 2;

/**
 * Evaluates an alarm.
 *
 * @param properties of `AWS::CloudWatch::Alarm`, resolved
 * @param previous the state it is in; a new one has insufficient data
 */
export function evaluateAlarm(
  properties: Readonly<Record<string, unknown>>,
  metrics: MetricStore,
  now: Date,
  previous: AlarmState = 'INSUFFICIENT_DATA',
): AlarmEvaluation {
  return evaluateRule(readAlarm(properties), metrics, now, previous);
}

/** The same of an alarm that was read before. */
export function evaluateRule(
  rule: AlarmRule,
  metrics: MetricStore,
  now: Date,
  previous: AlarmState = 'INSUFFICIENT_DATA',
): AlarmEvaluation {
  const found = newestDatapoints(rule, metrics, now);
  const breaching = found.filter(({ value }) => rule.isBreaching(value)).length;
  const missing = rule.evaluationPeriods - found.length;
  const state =
    missing === 0
      ? stateIf(breaching >= rule.datapointsToAlarm)
      : stateWithMissing(rule, found, { breaching, missing }, previous);
  const values = found.map(({ value }) => value).join(', ') || 'none';
  return { state, reason: `${values} against ${rule.comparison} ${rule.threshold}; ${missing} missing` };
}

interface Found {
  readonly value: number;
  /** How many periods ago its own one began; 1 is the newest. */
  readonly age: number;
}

/** As many as are evaluated, the newest first; older ones step in for those that are missing, as far as is looked back. */
function newestDatapoints(rule: AlarmRule, metrics: MetricStore, now: Date): Found[] {
  const found: Found[] = [];
  const periodMs = rule.periodSeconds * 1000;
  for (let age = 1; age <= rule.evaluationPeriods + EXTRA_PERIODS; age += 1) {
    const start = now.getTime() - age * periodMs;
    const value = evaluateExpression(rule.expression, (id) => {
      const query = rule.series.get(id);
      if (!query) throw new RangeError(`the alarm's expression names ${id}, which is none of its metrics`);
      return metrics.over(query, start, start + periodMs);
    });
    if (value !== undefined) found.push({ value, age });
    if (found.length === rule.evaluationPeriods) break;
  }
  return found;
}

function stateWithMissing(
  rule: AlarmRule,
  found: readonly Found[],
  { breaching, missing }: { breaching: number; missing: number },
  previous: AlarmState,
): AlarmState {
  const needed = rule.datapointsToAlarm;
  const onlyBreaching = breaching === found.length;
  switch (rule.treatMissingData) {
    case 'breaching':
      return stateIf(breaching + missing >= needed);
    case 'notBreaching':
      return stateIf(breaching >= needed);
    case 'ignore':
      return breaching < needed && onlyBreaching ? previous : stateIf(breaching >= needed);
    case 'missing':
      if (found.length === 0) return 'INSUFFICIENT_DATA';
      return stateIf(breaching >= needed || (onlyBreaching && isOldEnough(found, rule)));
  }
}

/** All that is there breaches, and the oldest of it would be enough if the others were there: the alarm does not wait for them. */
function isOldEnough(found: readonly Found[], { datapointsToAlarm, evaluationPeriods }: AlarmRule): boolean {
  return found.some(({ age }) => age <= evaluationPeriods && age >= datapointsToAlarm);
}

function stateIf(isAlarm: boolean): AlarmState {
  return isAlarm ? 'ALARM' : 'OK';
}
