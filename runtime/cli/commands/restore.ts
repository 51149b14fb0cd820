import { Option, type Command } from 'commander';
import type { RestoreReport, RestoreRequest } from '../../components/dump/types';
import { toBackupError, usageError } from '../../errors';
import type { Answer } from '../answer';
import type { CommandRun, Counted, Execution } from '../execute';
import { examples, EXIT_CODES_HELP, PLACES_HELP, serverHelp, VAULT_HELP } from '../help-text';
import { contentOf, MOST_JOBS } from '../options/dump-options';
import { requireTargetDatabase, serverEnvironment } from '../options/server-environment';
import { Setting } from '../options/setting';
import { addSecretOptions, addSharedOptions, LONG_RUN, type SharedOptions } from '../options/shared-options';
import { addManagedOptions, isManaged, type ManagedOptions } from '../options/managed-options';
import { addMomentOptions, momentTarget, type MomentOptions } from '../options/moment-options';
import { nonEmpty, repeatable, wholeNumber } from '../options/values';
import { restoreAnswer, restoreHeadline } from '../output/restore-output';
import { addOptionalPointArgument } from './point-argument';
import { restoreManaged, RESTORE_MANAGED_COUNTED } from './restore-managed';
import { restoreMoment, RESTORE_MOMENT_COUNTED } from './restore-moment';

export const RESTORE_COUNTED: Counted = { component: 'dump', succeeded: 'restoreSucceeded', failed: 'restoreFailed' };

interface RestoreOptions extends SharedOptions {
  readonly database?: string;
  readonly clean?: boolean;
  readonly create?: boolean;
  readonly table: readonly string[];
  readonly schemaOnly?: boolean;
  readonly dataOnly?: boolean;
  readonly roles?: boolean;
  readonly owner: boolean;
  readonly jobs: number;
}

/** `pg_restore` gains little from more on one server, and each is a connection. */
const MOST_DEFAULT_JOBS = 4;

export function describeRestore(parent: Command, processors: number): Command {
  const command = parent
    .command('restore')
    .summary('restore a recovery point into a database, or a whole server to a moment')
    .description(
      'With a point: restores it into the database that the environment names, which must be empty unless --clean is\n' +
        'given. Every part is checked before a byte of it is restored; at the end the rows of every table are counted and\n' +
        'compared with the backup.\n' +
        'With --to-time or its kin: restores a whole server, from the newest base backup before and the log after it, and makes\n' +
        'it a primary once it is shown to stand where it should. Its files are new, and it is not left running.\n' +
        'With --rds-instance or --rds-cluster besides: AWS restores, from the window that it keeps, into a new database;\n' +
        'no vault is read, and --vault may be left out.',
    );
  addOptionalPointArgument(command);
  addRestoreOptions(command, processors);
  addMomentOptions(command);
  addManagedOptions(command);
  addSecretOptions(command);
  addSharedOptions(command, {
    deadline: LONG_RUN,
    documents: ['postgres-backup/restore/1', 'postgres-backup/restore-moment/1', 'postgres-backup/restore-managed/1'],
  });
  return command
    .addHelpText(
      'after',
      serverHelp('the database to fill; one of PGDATABASE, DATABASE_URL and --secret must be given'),
    )
    .addHelpText('after', VAULT_HELP)
    .addHelpText('after', PLACES_HELP)
    .addHelpText(
      'after',
      examples(
        'PGHOST=db-restore.internal PGDATABASE=orders postgres-backup restore latest --vault s3://acme-vault --source orders',
        'postgres-backup restore 20261120T021003Z-4k2m9x --vault s3://acme-vault --source orders --clean',
        'postgres-backup restore latest --vault s3://acme-vault --source orders --data-only --table public.customers',
        'postgres-backup restore --to-time 2026-11-20T02:55:00Z --data-directory /srv/restored --vault s3://acme-vault --source orders',
        'postgres-backup restore --to-time 2026-11-20T02:55:00Z --rds-instance orders --new-instance orders-restored --source orders',
      ),
    )
    .addHelpText('after', EXIT_CODES_HELP);
}

/** What was asked for: a point into a database, or a whole server to a moment. */
export function restoreExecution(point: string | undefined, command: Command): Execution {
  const target = momentTarget(command.opts<MomentOptions>());
  if (point !== undefined && target) {
    throw usageError('a point and a moment are both given', 'Give the point, or --to-time and its kin.');
  }
  const managed = isManaged(command.opts<ManagedOptions>());
  if (target && managed) {
    return { counted: RESTORE_MANAGED_COUNTED, vault: 'not read', work: (run) => restoreManaged(target, run) };
  }
  if (managed) throw usageError('it is not said to which moment AWS is to restore', 'Give --to-time or --to-latest.');
  if (target) return { counted: RESTORE_MOMENT_COUNTED, work: (run) => restoreMoment(target, run) };
  if (point !== undefined) return { counted: RESTORE_COUNTED, work: (run) => restore(point, run) };
  throw usageError(
    'it is not said what to restore',
    'Give a point (an id or "latest"), or a moment: --to-time, --to-lsn, --to-name, --to-latest.',
  );
}

export async function restore(point: string, run: CommandRun): Promise<Answer> {
  const options = run.command.opts<RestoreOptions>();
  refuseContradictions(options);
  requireTargetDatabase(serverEnvironment(run.dependencies.host.env, options));
  const { store, reporter, signal, now } = run;
  const server = run.server();

  const found = await run.points('dump').find(point);
  reporter.headline(restoreHeadline(found, now()));
  const request = restoreRequest(found, options);
  const report = await recorded(run, { ...request, target: server.description }, () =>
    run.dependencies.dump.restore(request, { store, server, reporter, signal, now }),
  );
  run.measure({ restoreDuration: Math.round(report.durationMs) / 1000 });
  return restoreAnswer(report);
}

/** Who restored what, and where to, for who asks later: docs/audit.md queries these events. */
async function recorded(
  { source, reporter, dependencies }: CommandRun,
  { point, target, database, existing }: RestoreRequest & { readonly target: string },
  work: () => Promise<RestoreReport>,
): Promise<RestoreReport> {
  const identity = await dependencies.callerIdentity?.();
  const what = { source, point: point.manifest.point, target, database, existing, identity };
  reporter.note('restore-begun', what);
  try {
    const report = await work();
    const { outcome, durationMs } = report;
    reporter.note('restore-ended', { ...what, outcome, durationMs: Math.round(durationMs) });
    return report;
  } catch (thrown) {
    reporter.note('restore-ended', { ...what, outcome: 'failed', code: toBackupError(thrown).code });
    throw thrown;
  }
}

function addRestoreOptions(command: Command, processors: number): void {
  command.optionsGroup('What to restore:');
  const what = [
    new Option('--database <name>', 'which of the point’s databases; not needed when it has one').argParser(nonEmpty),
    new Option('--table <name>', 'only this table, as schema.table or table; repeat for several')
      .argParser(repeatable)
      .default([], 'everything'),
    new Option('--schema-only', 'definitions only').conflicts('dataOnly'),
    new Option('--data-only', 'rows only, into tables that are there').conflicts(['schemaOnly', 'clean', 'create']),
    new Option('--roles', 'restore roles and memberships first'),
    new Option('--no-owner', 'give everything to the connecting user and leave grants out'),
  ];
  what.forEach((option) => command.addOption(option));

  command.optionsGroup('Where and how to restore:');
  const how = [
    new Option('--clean', 'drop the target database with all it holds, and create it anew'),
    new Option('--create', 'create the target database when there is none'),
    new Setting('--jobs <n>', `tables restored at once, 1 to ${MOST_JOBS}`)
      .argParser(wholeNumber(1, MOST_JOBS))
      .default(Math.min(MOST_DEFAULT_JOBS, Math.max(1, processors)))
      .fromEnvironment('jobs'),
  ];
  how.forEach((option) => command.addOption(option));
}

function refuseContradictions(options: RestoreOptions): void {
  if (options.clean && options.table.length > 0) {
    throw usageError(
      '--clean with --table would drop the whole database and restore only a part of it',
      'Leave one of them out.',
    );
  }
}

function restoreRequest(point: RestoreRequest['point'], options: RestoreOptions): RestoreRequest {
  return {
    point,
    database: options.database,
    existing: options.clean ? 'clean' : 'refuse',
    create: options.create ?? false,
    tables: options.table,
    content: contentOf(options) ?? 'all',
    roles: options.roles ? 'restore' : 'skip',
    ownership: options.owner ? 'as dumped' : 'connecting user',
    jobs: options.jobs,
  };
}
