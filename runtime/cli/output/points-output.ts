import { pointId, type Component, type PointAddress } from '../../../model';
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
  readonly databases: readonly string[];
  readonly tables: number;
  readonly rows: number;
  readonly serverVersion: string;
  readonly toolVersion: string;
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

const COLUMNS = [
  { title: 'POINT' },
  { title: 'CLASS' },
  { title: 'AGE', align: 'right' },
  { title: 'SIZE', align: 'right' },
  { title: 'DATABASES' },
  { title: 'TABLES', align: 'right' },
  { title: 'ROWS', align: 'right' },
  { title: 'SERVER' },
  { title: 'TOOL' },
] as const;

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
      const [head, ...rows] = inColumns(
        COLUMNS,
        list.listed.map((entry) => row(entry, now)),
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

function row(entry: ListedPoint, now: Date): string[] {
  const { address } = entry;
  const age = formatAge(address.time, now);
  if ('error' in entry) return [pointId(address), address.class, age, '?', '?', '?', '?', '?', '?'];
  const { manifest } = entry.point;
  return [
    pointId(address),
    address.class,
    age,
    formatBytes(manifest.totals.storedBytes),
    nameList(manifest.databases.map((database) => database.name)),
    formatCount(manifest.totals.tables),
    formatCount(manifest.totals.rows),
    manifest.server.version,
    manifest.tool.version,
  ];
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
    databases: manifest.databases.map((database) => database.name),
    tables: manifest.totals.tables,
    rows: manifest.totals.rows,
    serverVersion: manifest.server.version,
    toolVersion: manifest.tool.version,
  };
}
