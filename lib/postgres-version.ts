import { POSTGRES_MAJORS } from '../model';

/**
 * A major version of PostgreSQL. The client tools of the task are of exactly the server's major: older ones refuse, newer
 * ones can write a dump that the server does not take back.
 */
export class PostgresVersion {
  /** PostgreSQL 14. */
  public static readonly V14 = new PostgresVersion('14');
  /** PostgreSQL 15. */
  public static readonly V15 = new PostgresVersion('15');
  /** PostgreSQL 16. */
  public static readonly V16 = new PostgresVersion('16');
  /** PostgreSQL 17. */
  public static readonly V17 = new PostgresVersion('17');
  /** PostgreSQL 18. */
  public static readonly V18 = new PostgresVersion('18');

  /**
   * The version of a given number.
   *
   * @param version a major (`17`) or a full version (`17.2`), of which the major counts
   */
  public static of(version: string): PostgresVersion {
    const major = version.split('.')[0];
    if (!POSTGRES_MAJORS.some((known) => String(known) === major)) {
      throw new Error(`PostgreSQL version '${version}' is not supported: use one of ${POSTGRES_MAJORS.join(', ')}`);
    }
    return new PostgresVersion(major);
  }

  private constructor(
    /** The major version alone, such as `17`. */
    public readonly major: string,
  ) {}
}
