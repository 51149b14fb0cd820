/**
 * The part of CloudWatch's metric math that alarms here use: ids, numbers, `+ - * /`, brackets and `FILL(id, number)`. Where a
 * metric has no datapoint, an expression of it has none. Everything else is refused.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
 */
type Value = number | undefined;

/** Of one period; nothing when what it needs is not there, or when it divides by nothing. */
export function evaluateExpression(expression: string, valueOf: (id: string) => Value): Value {
  // Most alarms are on one metric.
  if (/^[a-z]\w*$/.test(expression)) return valueOf(expression);
  return new Evaluation(expression, valueOf).whole();
}

class Evaluation {
  private readonly tokens: string[];
  private at = 0;

  constructor(
    private readonly expression: string,
    private readonly valueOf: (id: string) => Value,
  ) {
    this.tokens = expression.match(/\s+|[A-Za-z]\w*|\d+(?:\.\d+)?|[^\s]/g)?.filter((token) => token.trim()) ?? [];
  }

  whole(): Value {
    const value = this.sum();
    if (this.at < this.tokens.length) throw this.unreadable();
    return value;
  }

  private sum(): Value {
    let value = this.product();
    for (let sign = this.take('+', '-'); sign; sign = this.take('+', '-')) {
      const next = this.product();
      value = both(value, next, (a, b) => (sign === '+' ? a + b : a - b));
    }
    return value;
  }

  private product(): Value {
    let value = this.factor();
    for (let sign = this.take('*', '/'); sign; sign = this.take('*', '/')) {
      const next = this.factor();
      value = both(value, next, (a, b) => (sign === '*' ? a * b : a / b));
    }
    return value;
  }

  private factor(): Value {
    const token = this.tokens[this.at++];
    if (token === '-') return both(0, this.factor(), (a, b) => a - b);
    if (token === '(') return this.closed(this.sum());
    if (token === 'FILL') return this.filled();
    if (/^\d/.test(token ?? '')) return Number(token);
    if (/^[a-z]/.test(token ?? '')) return this.valueOf(token);
    throw this.unreadable();
  }

  private filled(): Value {
    this.expect('(');
    const value = this.sum();
    this.expect(',');
    const instead = this.sum();
    return this.closed(value ?? instead);
  }

  private closed(value: Value): Value {
    this.expect(')');
    return value;
  }

  private take(...wanted: string[]): string | undefined {
    return wanted.includes(this.tokens[this.at]) ? this.tokens[this.at++] : undefined;
  }

  private expect(token: string): void {
    if (!this.take(token)) throw this.unreadable();
  }

  private unreadable(): RangeError {
    const found = this.tokens[this.at] ?? 'its end';
    return new RangeError(`metric math ${JSON.stringify(this.expression)} is not known to the evaluator, at ${found}`);
  }
}

function both(a: Value, b: Value, combine: (a: number, b: number) => number): Value {
  if (a === undefined || b === undefined) return undefined;
  const value = combine(a, b);
  return Number.isFinite(value) ? value : undefined;
}
