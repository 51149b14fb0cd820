/** The settings of a restored server: what leads it to the moment, and what keeps it from doing harm. */
import { access, appendFile, chown, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { formatLsn, parseWalFile } from '../../model';
import type { OperatingSystemUser } from '../postgres/operating-system-user';
import type { MomentTarget } from './types';

export type Settings = Readonly<Record<string, string>>;

/** What leads a server to a moment. A target is always set: without one, a missing segment ends recovery without a word. */
export function recoverySettings(
  target: Exclude<MomentTarget, { kind: 'latest' }>,
  timeline: number,
  restoreCommand: string,
): Settings {
  const [name, value] = targetSetting(target);
  return {
    restore_command: restoreCommand,
    recovery_target_timeline: String(timeline),
    recovery_target_inclusive: 'on',
    recovery_target_action: 'pause',
    // One that was left in the settings that were backed up would be a second, which the server refuses. It reads them in this
    // order, and the one that counts must come when all others are empty.
    ...Object.fromEntries(TARGETS.filter((other) => other !== name).map((other) => [other, ''])),
    [name]: value,
  };
}

const TARGETS = [
  'recovery_target',
  'recovery_target_time',
  'recovery_target_lsn',
  'recovery_target_name',
  'recovery_target_xid',
];

function targetSetting(target: Exclude<MomentTarget, { kind: 'latest' }>): readonly [string, string] {
  switch (target.kind) {
    case 'time':
      return ['recovery_target_time', timeText(target.at)];
    case 'lsn':
      return ['recovery_target_lsn', formatLsn(target.lsn)];
    case 'name':
      return ['recovery_target_name', target.name];
  }
}

/**
 * What keeps a server that is started for practice from loading, running or connecting to anything that the one that was backed
 * up did: libraries and the workers in them (schedulers among them), commands, subscriptions, standbys that it would wait for.
 */
export function harmlessSettings(major: number): Settings {
  return {
    shared_preload_libraries: '',
    session_preload_libraries: '',
    local_preload_libraries: '',
    archive_mode: 'off',
    archive_command: '',
    archive_cleanup_command: '',
    recovery_end_command: '',
    primary_conninfo: '',
    synchronous_standby_names: '',
    max_logical_replication_workers: '0',
    autovacuum: 'off',
    jit: 'off',
    // Before 17 there is no such setting: there they are disabled one by one.
    ...(major >= 17 && { event_triggers: 'off' }),
  };
}

/** With a zone in digits: on its command line the server knows no other yet. */
function timeText(at: Date): string {
  return at.toISOString().replace('T', ' ').replace('Z', '+00');
}

export interface ArchiveGet {
  readonly program: readonly string[];
  readonly vault: string;
  readonly source: string;
  readonly systemIdentifier: string;
  /** More options. */
  readonly options: readonly string[];
}

/** `restore_command`: PostgreSQL takes 1 to 125 for the end of the archive, and only what is certain may say so. */
export function restoreCommand({ program, vault, source, systemIdentifier, options }: ArchiveGet): string {
  const words = ['--vault', vault, '--source', source, '--system-identifier', systemIdentifier, ...options];
  const quoted = (list: readonly string[]) => list.map(shellWord).join(' ');
  return `${quoted(program)} archive-get %f %p ${quoted(words)}; s=$?; [ $s -eq 0 ] || [ $s -eq 66 ] || exit 200; exit $s`;
}

function shellWord(text: string): string {
  const safe = /^[A-Za-z0-9_./:=@-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
  // PostgreSQL replaces what follows a percent sign.
  return safe.replaceAll('%', '%%');
}

/** Settings that must not come along: they lead to the server that was backed up, or to another moment. */
const LEFT_OUT =
  /^(restore_command|archive_(mode|command|library|cleanup_command)|recovery_.*|primary_(conninfo|slot_name)|promote_trigger_file|hot_standby|synchronous_standby_names)$/;

const BEGIN =
  '# By postgres-backup restore. A restored server archives nothing, and its commits wait for no other, until this is taken out:';

/** Nobody has followed it yet: a commit that waits for a standby, or a receiver, of the one that was backed up would wait for ever. */
const ALONE: Settings = { archive_mode: 'off', synchronous_standby_names: '' };

/** Writes `postgresql.auto.conf`, which goes before every other file. */
export async function writeAutoConf(dataDirectory: string, settings: Settings): Promise<void> {
  const file = path.join(dataDirectory, 'postgresql.auto.conf');
  const before = (await readIfThere(file)) ?? '';
  const kept = before
    .split('\n')
    .filter((line) => !LEFT_OUT.test(/^\s*([A-Za-z_.]+)/.exec(line)?.[1] ?? '') && line !== BEGIN);
  const lines = Object.entries({ ...ALONE, ...settings }).map(
    ([name, value]) => `${name} = '${value.replaceAll("'", "''")}'\n`,
  );
  await writeFile(file, `${kept.join('\n').trimEnd()}\n${BEGIN}\n${lines.join('')}`, { mode: 0o600 });
}

/**
 * Lets the history of a new timeline be archived as soon as anything is. It was begun while nothing was; without it nobody would
 * find from the old timeline to the new.
 */
export async function markHistories(dataDirectory: string, user: OperatingSystemUser | undefined): Promise<void> {
  const log = path.join(dataDirectory, 'pg_wal');
  for (const name of (await readdir(log)).filter((file) => parseWalFile(file)?.kind === 'history')) {
    const file = path.join(log, 'archive_status', `${name}.ready`);
    await appendFile(file, '', { mode: 0o600 });
    if (user) await chown(file, user.uid, user.gid);
  }
}

/** Debian keeps these elsewhere, so that a base backup has none. What is made here lets in nobody but this machine's own users. */
export async function writeMissingFiles(
  dataDirectory: string,
  settings: Settings,
  user: OperatingSystemUser | undefined,
): Promise<string[]> {
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}\n`);
  const files: Readonly<Record<string, string>> = {
    'postgresql.conf': `# Made by postgres-backup restore: the base backup held none.\nlisten_addresses = ''\n${lines.join('')}`,
    'pg_hba.conf': 'local all all peer\n',
    'pg_ident.conf': '',
  };
  const made: string[] = [];
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(dataDirectory, name);
    if (await isThere(file)) continue;
    await appendFile(file, content, { mode: 0o600 });
    if (user) await chown(file, user.uid, user.gid);
    made.push(name);
  }
  return made;
}

const isThere = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  );

async function readIfThere(file: string): Promise<string | undefined> {
  return (await isThere(file)) ? readFile(file, 'utf8') : undefined;
}
