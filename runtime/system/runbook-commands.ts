import type { Component } from '../../model';
import type { RunbookSubject } from './gather-runbook';

export interface RunbookCommands {
  readonly isSet: boolean;
  readonly look: readonly string[];
  readonly environment: readonly string[];
  readonly rehearse: readonly string[];
  readonly restore: readonly string[];
  readonly after: readonly string[];
}

const FILES_TO = '/mnt/restored';

/** Each as it is typed into a shell. */
export function runbookCommands(subject: RunbookSubject): RunbookCommands {
  const { status } = subject;
  const target = ['--vault', status.vault, '--source', status.source];
  const command = (...words: readonly string[]) => ['postgres-backup', ...words, ...target].map(quoted).join(' ');
  const isSet = Boolean(status.sets?.newestGood);
  const restore = isSet ? setCommand(subject) : [];
  const single = singleCommands(subject);
  return {
    isSet,
    look: [command('status')],
    environment: Object.entries(serverOf(subject)).map(([name, value]) => `export ${name}=${quoted(value)}`),
    rehearse: isSet
      ? [command(...restore, '--dry-run')]
      : [...new Set(single.map(({ words }) => command(...rehearsalOf(words))))],
    restore: isSet
      ? [command(...restore)]
      : single.map(({ words, database }) => `${intoDatabase(database)}${command(...words)}`),
    after: [command('status'), ...(isSet ? [command('run', '--all')] : [])],
  };
}

/** Where several databases are restored, each goes into that of its own name. */
function serverOf({ facts, databases }: RunbookSubject): Readonly<Record<string, string>> {
  const [database] = databases;
  return { PGHOST: 'HOST', ...(database !== undefined && { PGDATABASE: database }), ...facts?.server };
}

function setCommand({ status, mirrors, facts }: RunbookSubject): string[] {
  const members = status.sets?.newestGood?.members.map(({ component }) => component) ?? [];
  const services = facts?.services ?? [];
  return [
    ...['restore', 'set', 'latest'],
    ...services.flatMap(({ service }) => ['--service', service]),
    ...(services.length > 0 ? ['--cluster', services[0].cluster] : []),
    ...(members.includes('dump') ? ['--clean'] : []),
    ...(members.includes('objects') ? mirrors.flatMap(mirrorOptions) : []),
    ...(members.includes('files') ? ['--files-to', FILES_TO] : []),
  ];
}

/** Back to where it is from. */
function mirrorOptions({ name, from, endpoint }: RunbookSubject['mirrors'][number]): string[] {
  const store = endpoint === null ? [] : ['--objects-endpoint', `${name}=${endpoint}`];
  return ['--objects-to', `${name}=${from}`, ...store];
}

interface SingleCommand {
  readonly words: readonly string[];
  /** The database of its own name that it fills, where there are several. */
  readonly database?: string;
}

function intoDatabase(database: string | undefined): string {
  return database === undefined ? '' : `PGDATABASE=${quoted(database)} `;
}

function databaseCommands(databases: readonly string[]): SingleCommand[] {
  if (databases.length < 2) return [{ words: ['restore', 'latest', '--clean'] }];
  return databases.map((database) => ({ words: ['restore', 'latest', '--database', database, '--clean'], database }));
}

/** In the order in which a set is restored. */
function singleCommands({ status, mirrors, databases }: RunbookSubject): SingleCommand[] {
  const has = (component: Component) => status.components.some((one) => one.component === component && one.newest);
  return [
    ...(has('configuration') ? [{ words: ['restore', 'configuration', 'latest'] }] : []),
    ...(has('dump') ? databaseCommands(databases) : []),
    ...(has('objects')
      ? mirrors.map(({ name, from, endpoint }) => ({
          words: [
            ...['restore', 'objects', 'latest', '--mirror', name, '--to', from],
            ...(endpoint === null ? [] : ['--to-endpoint', endpoint]),
          ],
        }))
      : []),
    ...(has('files') ? [{ words: ['restore', 'files', 'latest', '--to', FILES_TO] }] : []),
  ];
}

/** What can be said of a restore of one component before it is done: what would be restored. */
function rehearsalOf([, component]: readonly string[]): string[] {
  return component === 'latest' ? ['info', 'latest'] : ['info', 'latest', '--component', component];
}

/** For a POSIX shell. */
function quoted(word: string): string {
  return /^[A-Za-z0-9_/:.=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
