/**
 * Why a recovery point is made, and by that how long it is kept. The value is a part of its key in the vault.
 */
export enum RetentionClass {
  /** Made every hour or so, kept for about a day. */
  HOURLY = 'hourly',
  /** Made every day. */
  DAILY = 'daily',
  /** Made every week. */
  WEEKLY = 'weekly',
  /** Made every month. */
  MONTHLY = 'monthly',
  /** Made every year. */
  YEARLY = 'yearly',
  /** Made before a deployment. */
  PRE_DEPLOYMENT = 'pre-deployment',
  /** Made by hand. */
  MANUAL = 'manual',
}
