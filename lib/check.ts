import { Duration, Token } from 'aws-cdk-lib';
import { CheckExpectation, SqlCheck } from '../model';

/**
 * Options of a check.
 */
export interface CheckOptions {
  /**
   * Database that it is asked in.
   *
   * @default - the only one that is backed up; must be stated where there are several
   */
  readonly database?: string;
}

/**
 * What must hold in a restored database: one SQL statement and what it must give. It is asked by a role that can only read. A
 * check that compared nothing (no row, NULL, a value of another kind) has failed.
 *
 *     Check.sql('active tenants', 'select count(*) from tenants where active').atLeast(1)
 *     Check.sql('newest appointment', 'select max(created_at) from appointments').newerThan(Duration.hours(30))
 */
export abstract class Check {
  /**
   * Begins a check. What it must give is said next.
   *
   * @param name what holds when it passes, for people; unique in a drill
   * @param sql one SELECT, which finds tables in the schema `public` or where it says
   * @param options the database, where there are several
   */
  public static sql(name: string, sql: string, options: CheckOptions = {}): CheckQuery {
    return new SqlQuery(name, sql, options.database);
  }

  /** What holds when it passes. */
  public abstract readonly name: string;

  /**
   * As the drill is told.
   *
   * @internal
   */
  public abstract _content(): SqlCheck;
}

/**
 * The question of a check, without what it must give.
 */
export abstract class CheckQuery {
  /**
   * One number, not less than this.
   *
   * @param value the least that passes
   */
  public abstract atLeast(value: number): Check;

  /**
   * One number, not more than this.
   *
   * @param value the most that passes
   */
  public abstract atMost(value: number): Check;

  /**
   * One number, exactly this.
   *
   * @param value what passes
   */
  public abstract equalTo(value: number): Check;

  /**
   * One value whose text is exactly this.
   *
   * @param text what passes
   */
  public abstract equalToText(text: string): Check;

  /**
   * One time (`timestamp`, taken for UTC, `timestamptz` or `date`), not longer ago than this when the drill asks. Allow for the
   * age of the backup.
   *
   * @param age the oldest that passes
   */
  public abstract newerThan(age: Duration): Check;

  /** One row at least. */
  public abstract returnsRows(): Check;

  /** No row: a query for what must not be there. */
  public abstract returnsNoRows(): Check;
}

class GivenCheck extends Check {
  public readonly name: string;

  constructor(private readonly content: SqlCheck) {
    super();
    this.name = content.name;
  }

  public _content(): SqlCheck {
    return this.content;
  }
}

class SqlQuery extends CheckQuery {
  constructor(
    private readonly name: string,
    private readonly sql: string,
    private readonly database?: string,
  ) {
    super();
    if (name.trim() === '') throw new Error(`the name of a check is '${name}': say what holds when it passes`);
    if (sql.trim() === '') throw new Error(`the check '${name}' has no SQL`);
  }

  public atLeast(value: number): Check {
    return this.expecting({ kind: 'at least', number: this.known(value) });
  }

  public atMost(value: number): Check {
    return this.expecting({ kind: 'at most', number: this.known(value) });
  }

  public equalTo(value: number): Check {
    return this.expecting({ kind: 'equals', number: this.known(value) });
  }

  public equalToText(text: string): Check {
    return this.expecting({ kind: 'equals text', text });
  }

  public newerThan(age: Duration): Check {
    if (age.toSeconds() <= 0) throw new Error(`the check '${this.name}' asks for newer than ${age.toHumanString()}`);
    return this.expecting({ kind: 'newer than', seconds: age.toSeconds() });
  }

  public returnsRows(): Check {
    return this.expecting({ kind: 'returns rows' });
  }

  public returnsNoRows(): Check {
    return this.expecting({ kind: 'returns no rows' });
  }

  private expecting(expect: CheckExpectation): Check {
    return new GivenCheck({ name: this.name, sql: this.sql, database: this.database ?? null, expect });
  }

  private known(value: number): number {
    if (!Token.isUnresolved(value) && Number.isFinite(value)) return value;
    throw new Error(`the check '${this.name}' compares with ${value}: give a number that is known at synthesis`);
  }
}
