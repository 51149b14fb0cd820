/** CloudWatch Logs: lines by log group. Lines in the embedded metric format become metrics. */
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { Iam } from '../iam/iam';
import type { Principal } from '../iam/policy';

export interface LogLine {
  readonly group: string;
  readonly stream: string;
  readonly at: Date;
  readonly text: string;
}

export interface LogGroup {
  readonly name: string;
  readonly arn: string;
}

export class Logs {
  readonly lines: LogLine[] = [];
  private readonly groups = new Map<string, LogGroup>();

  constructor(
    private readonly iam: Iam,
    private readonly now: () => Date,
    /** Told of each line. */
    private readonly written: (line: LogLine) => void,
  ) {}

  add(group: LogGroup): void {
    this.groups.set(group.name, group);
  }

  findByArn(arn: string): LogGroup | undefined {
    return [...this.groups.values()].find((one) => one.arn === arn || `${one.arn}:*` === arn || arn === one.name);
  }

  /** Whether somebody may write a group's lines. */
  async mayWrite(principal: Principal, group: string): Promise<boolean> {
    // The group's ARN ends in `:*`, which stands for its streams.
    const arn = this.groups.get(group)?.arn.replace(/:\*$/, '') ?? group;
    const resource = `${arn}:log-stream:stand-in`;
    for (const action of ['logs:CreateLogStream', 'logs:PutLogEvents']) {
      if (!(await this.iam.allows({ principal, action, resource }))) return false;
    }
    return true;
  }

  write(group: string, stream: string, text: string): void {
    const line = { group, stream, at: this.now(), text };
    this.lines.push(line);
    this.written(line);
  }

  /** Takes whole lines from a process's output to its end. */
  async follow(group: string, stream: string, output: Readable | undefined): Promise<void> {
    if (output === undefined) return;
    for await (const text of createInterface({ input: output, crlfDelay: Infinity })) this.write(group, stream, text);
  }

  of(group: string): string[] {
    return this.lines.filter((line) => line.group === group).map(({ text }) => text);
  }
}
