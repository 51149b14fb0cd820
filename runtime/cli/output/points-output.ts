import { ITEM_NAMES, manifestItems, pointId, type Component, type Manifest, type PointAddress } from '../../../model';
import type { RecoveryPoint } from '../../catalog/recovery-point';
import type { BackupError } from '../../errors';
import { formatAge, formatBytes, formatCount, formatNumberOf } from '../../observe/format';
import { printable } from '../../observe/printable';
import type { Answer } from '../answer';
import { inColumns } from './columns';

/** `--json` of `info` without a point. */
export interface PointsDocument {
  readonly format: 'postgres-backup/points/1';
  readonly outcome: 'passed' | 'could not verify';
  readonly source: string;
  readonly component: Component;
  readonly vault: string;
  /** How many there are; `points` holds the newest of them. */
  readonly total: number;
  /** Newest first. */
  readonly points: readonly (ReadablePoint | UnreadablePoint)[];
}

export interface ReadablePoint {
  readonly point: string;
  readonly class: string;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly storedBytes: number;
  /** Rows, objects, files: in the component's own unit. */
  readonly items: number;
  readonly toolVersion: string;
  /** Of a dump alone. */
  readonly databases?: readonly string[];
  readonly tables?: number;
  readonly serverVersion?: string;
}

export interface UnreadablePoint {
  readonly point: string;
  readonly class: string;
  readonly error: { readonly code: string; readonly message: string };
}

/** A listed point with its manifest, or with why the manifest could not be read. */
export type ListedPoint =
  | { readonly address: PointAddress; readonly point: RecoveryPoint }
  | { readonly address: PointAddress; readonly error: BackupError };

export interface PointList {
  readonly source: string;
  readonly component: Component;
  readonly vault: string;
  readonly total: number;
  readonly listed: readonly ListedPoint[];
}

interface Column {
  readonly title: string;
  readonly align?: 'right';
  readonly value: (manifest: Manifest) => string;
}

/** Beside what every recovery point has: POINT, CLASS and AGE. */
function columnsOf(component: Component): readonly Column[] {
  const size: Column = {
    title: 'SIZE',
    align: 'right',
    value: ({ totals }) => formatBytes(totals.storedBytes),
  };
  const items: Column = {
    title: `${ITEM_NAMES[component].toUpperCase()}S`,
    align: 'right',
    value: (manifest) => formatCount(manifestItems(manifest)),
  };
  const tool: Column = { title: 'TOOL', value: (manifest) => manifest.tool.version };
  return component === 'dump' ? [size, ...DUMP_COLUMNS, items, SERVER, tool] : [size, items, tool];
}

const DUMP_COLUMNS: readonly Column[] = [
  {
    title: 'DATABASES',
    value: (manifest) => (manifest.component === 'dump' ? nameList(manifest.databases.map(({ name }) => name)) : ''),
  },
  {
    title: 'TABLES',
    align: 'right',
    value: (manifest) => (manifest.component === 'dump' ? formatCount(manifest.totals.tables) : ''),
  },
];

const SERVER: Column = {
  title: 'SERVER',
  value: (manifest) => (manifest.component === 'dump' ? manifest.server.version : ''),
};

/** Names of databases in a row; more are counted. */
const MOST_NAMES = 3;

export function pointsAnswer(list: PointList, now: Date): Answer {
  const unreadable = list.listed.flatMap((entry) => ('error' in entry ? [entry] : []));
  const outcome = unreadable.length === 0 ? 'passed' : 'could not verify';
  const summary = `${list.source}: ${formatNumberOf(list.total, 'recovery point')} in ${printable(list.vault)}`;
  const document: PointsDocument = {
    format: 'postgres-backup/points/1',
    outcome,
    source: list.source,
    component: list.component,
    vault: list.vault,
    total: list.total,
    points: list.listed.map(pointDocument),
  };
  return {
    outcome,
    summary,
    lines: (style) => {
      const columns = columnsOf(list.component);
      const [head, ...rows] = inColumns(
        [{ title: 'POINT' }, { title: 'CLASS' }, { title: 'AGE', align: 'right' }, ...columns],
        list.listed.map((entry) => row(entry, columns, now)),
      );
      const left = list.total - list.listed.length;
      return [
        style.faint(head),
        ...rows,
        ...(left > 0 ? [style.faint(`and ${formatNumberOf(left, 'older one')}; see --limit`)] : []),
        ...unreadable.map(
          ({ address, error }) => `${style.unsure('could not read')} ${pointId(address)}: ${printable(error.message)}`,
        ),
      ];
    },
    document,
  };
}

function row(entry: ListedPoint, columns: readonly Column[], now: Date): string[] {
  const { address } = entry;
  const age = formatAge(address.time, now);
  const values = columns.map(({ value }) => ('error' in entry ? '?' : value(entry.point.manifest)));
  return [pointId(address), address.class, age, ...values];
}

function nameList(names: readonly string[]): string {
  const shown = names.slice(0, MOST_NAMES).map(printable).join(', ');
  return names.length > MOST_NAMES ? `${shown} and ${names.length - MOST_NAMES} more` : shown;
}

function pointDocument(entry: ListedPoint): ReadablePoint | UnreadablePoint {
  const named = { point: pointId(entry.address), class: entry.address.class };
  if ('error' in entry) return { ...named, error: { code: entry.error.code, message: entry.error.message } };
  const { manifest } = entry.point;
  return {
    ...named,
    startedAt: manifest.startedAt,
    finishedAt: manifest.finishedAt,
    storedBytes: manifest.totals.storedBytes,
    items: manifestItems(manifest),
    toolVersion: manifest.tool.version,
    ...(manifest.component === 'dump' && {
      databases: manifest.databases.map(({ name }) => name),
      tables: manifest.totals.tables,
      serverVersion: manifest.server.version,
    }),
  };
}
