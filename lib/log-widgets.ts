/** What a dashboard shows of the log: how much would be lost now, against what was promised. */
import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { ManagedWindow } from './managed-window';
import { WalArchive } from './wal-archive';

const WIDTH = 12;

export function archiveGraph(wal: WalArchive, objective: Duration): cloudwatch.IWidget[] {
  return [
    ageGraph('Age of the newest archived log, in minutes', 'newest segment', wal.metricAge(), objective),
    findingsGraph('Findings of the audit of the log', wal.metricFindings()),
  ];
}

export function managedGraph(window: ManagedWindow, objective: Duration): cloudwatch.IWidget[] {
  const age = window.metricRestorableAge();
  return [
    ageGraph('Age of the newest moment that AWS can restore, in minutes', 'newest moment', age, objective),
    findingsGraph('Findings in the window that AWS keeps', window.metricFindings()),
  ];
}

function ageGraph(title: string, label: string, age: cloudwatch.Metric, objective: Duration): cloudwatch.IWidget {
  const minutes = objective.toMinutes({ integral: false });
  return new cloudwatch.GraphWidget({
    title,
    width: WIDTH,
    left: [new cloudwatch.MathExpression({ expression: 'age / 60', usingMetrics: { age }, label, period: age.period })],
    leftAnnotations: [{ label: 'objective', value: minutes, color: cloudwatch.Color.RED }],
    // None at all is ten years old: of a graph to scale with that, nothing else would be seen.
    leftYAxis: { min: 0, max: 3 * minutes, showUnits: false },
  });
}

function findingsGraph(title: string, findings: cloudwatch.Metric): cloudwatch.IWidget {
  return new cloudwatch.GraphWidget({
    title,
    width: WIDTH,
    left: [findings.with({ label: 'findings', color: cloudwatch.Color.RED })],
    leftYAxis: { min: 0, showUnits: false },
  });
}
