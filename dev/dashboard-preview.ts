// Draws the dashboards of a synthesised template as one HTML page, with made-up curves: to look at the layout without an
// account.
//
//     npx cdk synth && npx tsx dev/dashboard-preview.ts cdk.out/Orders.template.json > dashboard.html
import { readFileSync } from 'node:fs';

interface Widget {
  readonly type: string;
  readonly width: number;
  readonly height: number;
  readonly x: number;
  readonly y: number;
  readonly properties: {
    readonly title?: string;
    readonly markdown?: string;
    readonly view?: string;
    readonly stacked?: boolean;
    readonly metrics?: readonly unknown[][];
    readonly alarms?: readonly string[];
    readonly annotations?: { readonly horizontal?: readonly { readonly label?: string; readonly value: number }[] };
    readonly yAxis?: { readonly left?: { readonly max?: number } };
  };
}

const CELL_PX = 54;

/** Every dashboard of a template, as one page. */
export function previewOf(template: object): string {
  const resources = Object.values((template as { Resources?: object }).Resources ?? {}) as {
    Type: string;
    Properties: { DashboardBody: unknown };
  }[];
  const bodies = resources.filter(({ Type: type }) => type === 'AWS::CloudWatch::Dashboard');
  const pages = bodies.map(({ Properties }) => JSON.parse(textOf(Properties.DashboardBody)) as { widgets: Widget[] });
  return `<!doctype html><meta charset="utf-8"><title>Dashboard</title>${STYLE}${pages.map(drawPage).join('')}`;
}

const STYLE = `<style>body{font:13px sans-serif;background:#f2f3f3}.page{position:relative}
.widget{position:absolute;box-sizing:border-box;border:1px solid #ccc;background:#fff;padding:6px;overflow:hidden}
h3{margin:0 0 4px;font-size:13px}.figures span{display:inline-block;margin-right:28px}.figures b{font-size:20px;display:block}
.alarm{display:inline-block;padding:2px 8px;margin:2px;background:#d5e8d4;border-radius:3px}ul{margin:0;padding-left:16px}</style>`;

/** References become what they refer to: the text that CloudFormation would put there is not known here. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  const [name, argument] = Object.entries(value as object)[0] as [string, unknown];
  if (name === 'Fn::Join') return (argument as [string, unknown[]])[1].map(textOf).join('');
  return Array.isArray(argument) ? argument.map(String).join('.') : String(argument);
}

function drawPage({ widgets }: { widgets: Widget[] }): string {
  const height = Math.max(...widgets.map((widget) => widget.y + widget.height)) * CELL_PX;
  return `<div class="page" style="height:${height}px">${widgets.map(drawWidget).join('')}</div>`;
}

function drawWidget({ type, x, y, width, height, properties }: Widget): string {
  const place = { left: x * CELL_PX, top: y * CELL_PX, width: width * CELL_PX, height: height * CELL_PX };
  const style = Object.entries(place).map(([name, px]) => `${name}:${px}px`);
  const body = type === 'text' ? escaped(properties.markdown ?? '') : drawBody(properties, place);
  return `<div class="widget" style="${style.join(';')}"><h3>${escaped(properties.title ?? type)}</h3>${body}</div>`;
}

function drawBody(properties: Widget['properties'], { width, height }: { width: number; height: number }): string {
  if (properties.alarms) {
    const names = properties.alarms.map((arn) => arn.split('.')[0].replace(/[0-9A-F]{8}$/, ''));
    return names.map((name) => `<span class="alarm">${escaped(name)}</span>`).join('');
  }
  const labels = (properties.metrics ?? []).map(labelOf).filter((label) => label !== undefined);
  if (properties.view === 'singleValue') {
    return `<div class="figures">${labels.map((label) => `<span><b>–</b>${escaped(label)}</span>`).join('')}</div>`;
  }
  return drawGraph(labels, properties, width - 20, height - 90);
}

/** Hidden ones feed others. */
function labelOf(metric: readonly unknown[]): string | undefined {
  const options = metric.at(-1) as { label?: string; visible?: boolean; expression?: string };
  if (typeof options !== 'object' || options.visible === false) return undefined;
  return options.label ?? options.expression;
}

function drawGraph(labels: readonly string[], properties: Widget['properties'], width: number, height: number): string {
  const lines = properties.annotations?.horizontal ?? [];
  const highest = properties.yAxis?.left?.max ?? Math.max(1, ...lines.map(({ value }) => value * 1.5));
  const at = (value: number) => height - (Math.min(value, highest) / highest) * height;
  const curves = labels.map((_, index) => {
    const points = Array.from({ length: 29 }, (_unused, step) => {
      const value = highest * (0.15 + 0.1 * index + 0.12 * Math.abs(Math.sin(step * (0.9 + index / 5))));
      return `${(step * width) / 28},${at(value).toFixed(1)}`;
    });
    return `<polyline points="${points.join(' ')}" fill="none" stroke="hsl(${index * 90 + 210} 70% 45%)"/>`;
  });
  const objectives = lines.map(
    ({ label, value }) =>
      `<line x1="0" x2="${width}" y1="${at(value)}" y2="${at(value)}" stroke="#d62728" stroke-dasharray="4"/>` +
      `<text x="4" y="${at(value) - 3}" font-size="10" fill="#d62728">${escaped(label ?? '')} ${value}</text>`,
  );
  const legend = labels.map((label) => `<li>${escaped(label)}</li>`).join('');
  return `<svg width="${width}" height="${height}">${curves.join('')}${objectives.join('')}</svg><ul>${legend}</ul>`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`);
}

if (require.main === module) {
  const [, , file] = process.argv;
  if (!file) {
    process.stderr.write(
      'error: no template is given\nhint: npx tsx dev/dashboard-preview.ts cdk.out/Orders.template.json\n',
    );
    process.exitCode = 2;
  } else {
    process.stdout.write(previewOf(JSON.parse(readFileSync(file, 'utf8')) as object));
  }
}
