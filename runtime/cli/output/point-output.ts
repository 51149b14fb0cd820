import {
  ITEM_NAMES,
  manifestItems,
  manifestObjects,
  type DumpManifest,
  type DumpedDatabase,
  type Manifest,
} from '../../../model';
import type { RecoveryPoint } from '../../catalog/recovery-point';
import { formatAge, formatBytes, formatCount, formatDuration, formatNumberOf, formatTime } from '../../observe/format';
import { printable } from '../../observe/printable';
import type { Style } from '../../observe/style';
import type { Answer } from '../answer';
import { inColumns } from './columns';

/** `--json` of `info <point>`: where it lies and its manifest as it is stored. */
export interface PointDocument {
  readonly format: 'postgres-backup/point/1';
  readonly outcome: 'passed';
  readonly uri: string;
  readonly manifest: Manifest;
}

export interface PointView {
  readonly point: RecoveryPoint;
  readonly uri: string;
  readonly now: Date;
  readonly tables: 'listed' | 'counted';
}

export function pointAnswer(view: PointView): Answer {
  const { manifest } = view.point;
  const document: PointDocument = { format: 'postgres-backup/point/1', outcome: 'passed', uri: view.uri, manifest };
  return {
    outcome: 'passed',
    summary: `${manifest.point}: ${formatBytes(manifest.totals.storedBytes)}, ${contentText(manifest)}`,
    lines: (style) => [
      ...headLines(view, style),
      ...(manifest.component === 'dump' ? manifest.databases : []).flatMap((database) => [
        '',
        ...databaseLines(database, view.tables, style),
      ]),
      '',
      ...objectLines(view.point, style),
    ],
    document,
  };
}

function headLines({ point: { manifest }, uri, now }: PointView, style: Style): string[] {
  const startedAt = new Date(manifest.startedAt);
  const tookMs = new Date(manifest.finishedAt).getTime() - startedAt.getTime();
  const { totals } = manifest;
  return [
    `${style.strong(`${manifest.source} ${manifest.point}`)} · ${manifest.class} ${manifest.component}`,
    ...aligned([
      ['taken', `${formatTime(startedAt)}, ${formatAge(startedAt, now)}, in ${formatDuration(tookMs)}`],
      ...(manifest.component === 'dump'
        ? serverFacts(manifest)
        : [['made with', `postgres-backup ${manifest.tool.version}`] as const]),
      ['holds', contentText(manifest)],
      ['stored', `${formatBytes(totals.storedBytes)} in ${formatNumberOf(totals.objects, 'object')}`],
      ...(manifest.component === 'dump' ? globalsFacts(manifest) : dependencyFacts(manifest.dependsOn)),
      ['lies in', printable(uri)],
      ...manifest.warnings.map((warning): [string, string] => ['warning', printable(warning)]),
    ]),
  ];
}

function contentText(manifest: Manifest): string {
  const items = formatNumberOf(manifestItems(manifest), ITEM_NAMES[manifest.component]);
  return manifest.component === 'dump' ? `${formatNumberOf(manifest.totals.tables, 'table')}, ${items}` : items;
}

type Fact = readonly [string, string];

function serverFacts({ server, tool, client }: DumpManifest): Fact[] {
  return [
    ['server', `PostgreSQL ${printable(server.version)}${server.standby ? ', a standby' : ''}`],
    ['made with', `postgres-backup ${tool.version}, PostgreSQL ${client.postgres}, zstd ${client.zstd}`],
  ];
}

function globalsFacts({ globals }: DumpManifest): Fact[] {
  return [['globals', globals ? 'roles, memberships and tablespaces' : 'none']];
}

function dependencyFacts(points: readonly string[]): Fact[] {
  return points.length > 0 ? [['needs', points.map(printable).join(', ')]] : [];
}

function databaseLines(database: DumpedDatabase, tables: PointView['tables'], style: Style): string[] {
  const content = { all: 'definitions and rows', schema: 'definitions only', data: 'rows only' }[database.content];
  const rows = database.tables.reduce((sum, table) => sum + (table.rows ?? 0), 0);
  const extensions = database.extensions.map(({ name, version }) => printable(`${name} ${version}`)).join(', ');
  return [
    `${style.strong(`database "${printable(database.name)}"`)} · ${content}`,
    ...aligned([
      ['tables', `${formatCount(database.tables.length)}, ${formatNumberOf(rows, 'row')}`],
      ['size', database.sizeBytes === null ? 'not known' : `${formatBytes(database.sizeBytes)} on the server`],
      ['owner', printable(database.owner)],
      ['encoding', printable(`${database.encoding}, ${database.collate}`)],
      [
        'snapshot',
        `${formatTime(new Date(database.snapshotAt))}${database.lsn ? `, at ${printable(database.lsn)}` : ''}`,
      ],
      ...(extensions ? [['extensions', extensions] as const] : []),
      ...(database.largeObjects > 0 ? [['large objects', formatCount(database.largeObjects)] as const] : []),
    ]),
    ...(tables === 'listed' ? tableLines(database) : []),
  ];
}

function tableLines(database: DumpedDatabase): string[] {
  const rows = database.tables.map((table) => [
    printable(`${table.schema}.${table.name}`),
    table.class,
    table.rows === null ? 'not kept' : formatCount(table.rows),
  ]);
  const columns = [{ title: 'TABLE' }, { title: 'CLASS' }, { title: 'ROWS', align: 'right' }] as const;
  return inColumns(columns, rows).map((line) => `  ${line}`);
}

function objectLines({ manifest, prefix }: RecoveryPoint, style: Style): string[] {
  const rows = manifestObjects(manifest).map((object) => [
    printable(object.key.startsWith(prefix) ? object.key.slice(prefix.length) : object.key),
    formatBytes(object.sizeBytes),
    object.sha256,
  ]);
  const [head, ...lines] = inColumns(
    [{ title: 'OBJECT' }, { title: 'SIZE', align: 'right' }, { title: 'SHA-256' }],
    rows,
  );
  return [style.faint(head), ...lines];
}

function aligned(facts: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...facts.map(([name]) => name.length));
  return facts.map(([name, fact]) => `  ${name.padEnd(width)}  ${fact}`);
}
