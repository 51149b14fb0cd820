/**
 * When people are sent the summary of a day's report. The report itself is stored every day.
 */
export enum DailySummary {
  /** Every day. */
  ALWAYS = 'always',
  /** On days on which something failed, could not be verified or is too old. */
  WHEN_NOT_GOOD = 'when not good',
  /** Never. */
  NEVER = 'never',
}
