/** What a recovery point must be besides what its manifest says; told by who runs the verification. */
export interface Expectations {
  /** Fewer tables, over all databases, are a failure. */
  readonly minimumTables: number;
  /** Fewer rows are a failure. */
  readonly minimumRows: number;
  /** ARN of the KMS key that every object must be encrypted with. */
  readonly encryptionKey?: string;
  /** From when the store received it, so long every object must be locked. */
  readonly lockSeconds?: number;
}

/** An empty database is never what was meant; how many rows there must be, only its owner knows. */
export const DEFAULT_EXPECTATIONS: Expectations = { minimumTables: 1, minimumRows: 0 };
