/**
 * What a dump holds.
 */
export enum DumpContent {
  /** Definitions and rows. */
  ALL = 'all',
  /** Definitions only. */
  SCHEMA = 'schema',
  /** Rows only. */
  DATA = 'data',
}
