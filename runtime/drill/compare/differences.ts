import { MOST_FINDINGS, type ComparisonName, type DrillComparison, type Outcome } from '../../../model';

/** Findings of one comparison while it is made. The worst of them is its outcome; of nothing compared, nothing is proven. */
export class Differences {
  private readonly findings: string[] = [];
  private outcome: Outcome = 'passed';
  private compared = 0;

  constructor(private readonly name: ComparisonName) {}

  /** So many more things were compared. */
  count(number: number): this {
    this.compared += number;
    return this;
  }

  failed(finding: string): this {
    this.outcome = 'failed';
    return this.add(finding);
  }

  unverified(finding: string): this {
    if (this.outcome === 'passed') this.outcome = 'could not verify';
    return this.add(finding);
  }

  /** Worth knowing, and no difference. */
  note(finding: string): this {
    return this.add(finding);
  }

  /** What is missing and what is too much among names, which may be there more than once. */
  names(what: string, expected: readonly string[], found: readonly string[]): this {
    this.count(expected.length + found.length);
    for (const name of without(expected, found)) this.failed(`${what} ${name} is missing`);
    for (const name of without(found, expected)) this.failed(`${what} ${name} is too much`);
    return this;
  }

  result(): DrillComparison {
    if (this.compared === 0 && this.outcome === 'passed') this.unverified('nothing was there to be compared');
    return { name: this.name, outcome: this.outcome, compared: this.compared, findings: this.findings };
  }

  private add(finding: string): this {
    if (this.findings.length < MOST_FINDINGS) this.findings.push(finding);
    return this;
  }
}

function without(names: readonly string[], others: readonly string[]): string[] {
  const left = new Map<string, number>();
  for (const name of others) left.set(name, (left.get(name) ?? 0) + 1);
  return names.filter((name) => {
    const count = left.get(name) ?? 0;
    left.set(name, count - 1);
    return count <= 0;
  });
}
