/** The command line: its commands, and how each ends. */
import { Command, CommanderError } from 'commander';
import { EXIT, type ExitCode } from '../../model';
import { toBackupError, usageError, type BackupError } from '../errors';
import { outputMode } from '../observe/output-mode';
import { archiveGet, describeArchiveGet } from './commands/archive-get';
import { archiveHelper, describeArchiveHelper } from './commands/archive-helper';
import { archivePush, describeArchivePush } from './commands/archive-push';
import { backupBase, BASE_BACKUP_COUNTED, describeBackupBase } from './commands/backup-base-backup';
import { describeDump, dump, DUMP_COUNTED } from './commands/backup-dump';
import {
  backupConfiguration,
  CONFIGURATION_COUNTED,
  describeBackupConfiguration,
} from './commands/backup-configuration';
import { backupFiles, describeBackupFiles, FILES_COUNTED } from './commands/backup-files';
import { backupObjects, describeBackupObjects, OBJECTS_COUNTED } from './commands/backup-objects';
import { check, describeCheck } from './commands/check';
import { describeDrill, drillExecution } from './commands/drill';
import { describeEvidence, evidence } from './commands/evidence';
import { describeInfo, info } from './commands/info';
import { describeRecover, recover } from './commands/recover';
import { describeRestore, restoreExecution } from './commands/restore';
import { describeRestoreObjects, restoreObjects, RESTORE_OBJECTS_COUNTED } from './commands/restore-objects';
import {
  describeRestoreConfiguration,
  restoreConfiguration,
  RESTORE_CONFIGURATION_COUNTED,
} from './commands/restore-configuration';
import { describeRestoreFiles, restoreFiles, RESTORE_FILES_COUNTED } from './commands/restore-files';
import { describeRun, runNow } from './commands/run';
import { describeRunbook, runbook } from './commands/runbook';
import { describeStatus, status } from './commands/status';
import { describeRestoreSet, restoreSet } from './commands/restore-set';
import { describeRetention, retention } from './commands/retention';
import { describeTestAlert, testAlert } from './commands/test-alert';
import { describeVerify, verify } from './commands/verify';
import { describeWalCheck, walCheck } from './commands/wal-check';
import { describeWalHeartbeat, walHeartbeat } from './commands/wal-heartbeat';
import { describeWalReceive, walReceive } from './commands/wal-receive';
import { openConsole, type Console } from './console';
import type { Dependencies } from './dependencies';
import { execute, type Execution } from './execute';
import { examples, EXIT_CODES_HELP, PLACES_HELP, VAULT_HELP } from './help-text';
import { describeOption } from './options/setting';

/** Runs one command line to its end and says how it ended. Never throws: what goes wrong is told. */
export async function runProgram(
  argv: readonly string[],
  dependencies: Dependencies,
  console: Console = openConsole(argv, dependencies.host),
): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.failed;
  const program = createProgram(dependencies, async (command, execution) => {
    exitCode = await execute(command, dependencies, console, execution);
  });
  try {
    // Wrong value of a variable that concerns telling itself: told like any other wrong usage.
    outputMode(dependencies.host.env, dependencies.host.stderr);
    await program.parseAsync(argv, { from: 'user' });
    return exitCode;
  } catch (thrown) {
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return EXIT.ok;
    if (thrown instanceof CommanderError && thrown.code === 'commander.help') return EXIT.usage;
    const error = thrown instanceof CommanderError ? wrongUsage(thrown) : toBackupError(thrown);
    console.error(error);
    return error.exitCode;
  }
}

export type Run = (command: Command, execution: Execution) => Promise<void>;

/** The commands with their options and help; `run` is called with the one that was asked for. */
export function createProgram({ host }: Dependencies, run: Run): Command {
  const program = new Command('postgres-backup')
    .description('Backs PostgreSQL up into an S3 vault, and restores it, and proves both.')
    .version(host.version, '-V, --version', 'print the version')
    .exitOverride()
    .enablePositionalOptions()
    .configureHelp({ optionDescription: describeOption, sortSubcommands: false })
    .configureOutput({
      writeOut: (text) => host.stdout.write(text),
      writeErr: (text) => host.stderr.write(text),
      // Told by runProgram, in the form of every other error.
      outputError: () => undefined,
      getOutHelpWidth: () => host.stdout.columns ?? 120,
      getErrHelpWidth: () => host.stderr.columns ?? 120,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .addHelpText('after', VAULT_HELP)
    .addHelpText('after', PLACES_HELP)
    .addHelpText(
      'after',
      examples(
        'postgres-backup backup dump --vault s3://acme-vault --source orders',
        'postgres-backup info --vault s3://acme-vault --source orders',
        'postgres-backup restore latest --vault s3://acme-vault --source orders',
        'postgres-backup restore --help',
      ),
    )
    .addHelpText('after', EXIT_CODES_HELP);

  const backup = program
    .command('backup')
    .summary('make a recovery point')
    .description('Makes a recovery point of one component.')
    .addHelpText('after', examples('postgres-backup backup dump --vault s3://acme-vault --source orders'))
    .addHelpText('after', EXIT_CODES_HELP);
  const dumpCommand = describeDump(backup);
  dumpCommand.action(() => run(dumpCommand, { counted: DUMP_COUNTED, work: dump }));
  const backupObjectsCommand = describeBackupObjects(backup);
  backupObjectsCommand.action(() => run(backupObjectsCommand, { counted: OBJECTS_COUNTED, work: backupObjects }));
  const backupFilesCommand = describeBackupFiles(backup);
  backupFilesCommand.action(() => run(backupFilesCommand, { counted: FILES_COUNTED, work: backupFiles }));
  const backupConfigurationCommand = describeBackupConfiguration(backup);
  backupConfigurationCommand.action(() =>
    run(backupConfigurationCommand, { counted: CONFIGURATION_COUNTED, work: backupConfiguration }),
  );

  const backupBaseCommand = describeBackupBase(backup);
  backupBaseCommand.action(() => run(backupBaseCommand, { counted: BASE_BACKUP_COUNTED, work: backupBase }));

  const restoreCommand = describeRestore(program, host.processors);
  restoreCommand.action((point: string | undefined) => run(restoreCommand, restoreExecution(point, restoreCommand)));
  const restoreObjectsCommand = describeRestoreObjects(restoreCommand);
  restoreObjectsCommand.action((point: string) =>
    run(restoreObjectsCommand, {
      counted: RESTORE_OBJECTS_COUNTED,
      work: (started) => restoreObjects(point, started),
    }),
  );
  // What stands after a subcommand's name is the subcommand's: both have a --vault.
  restoreCommand.enablePositionalOptions();
  const restoreSetCommand = describeRestoreSet(restoreCommand);
  restoreSetCommand.action((set: string) => run(restoreSetCommand, { work: (started) => restoreSet(set, started) }));
  const restoreFilesCommand = describeRestoreFiles(restoreCommand);
  restoreFilesCommand.action((point: string) =>
    run(restoreFilesCommand, { counted: RESTORE_FILES_COUNTED, work: (started) => restoreFiles(point, started) }),
  );
  const restoreConfigurationCommand = describeRestoreConfiguration(restoreCommand);
  restoreConfigurationCommand.action((point: string) =>
    run(restoreConfigurationCommand, {
      counted: RESTORE_CONFIGURATION_COUNTED,
      work: (started) => restoreConfiguration(point, started),
    }),
  );
  const verifyCommand = describeVerify(program);
  verifyCommand.action((point: string) => run(verifyCommand, { work: (started) => verify(point, started) }));
  const drillCommand = describeDrill(program, host.processors);
  drillCommand.action((point: string | undefined) => run(drillCommand, drillExecution(point, drillCommand)));
  const runCommand = describeRun(program);
  runCommand.action(() => run(runCommand, { work: runNow }));
  const evidenceCommand = describeEvidence(program);
  evidenceCommand.action(() => run(evidenceCommand, { work: evidence }));
  const statusCommand = describeStatus(program);
  statusCommand.action(() => run(statusCommand, { work: status }));
  const runbookCommand = describeRunbook(program);
  runbookCommand.action(() => run(runbookCommand, { work: runbook }));
  const infoCommand = describeInfo(program);
  infoCommand.action((point: string | undefined) => run(infoCommand, { work: (started) => info(point, started) }));
  const recoverCommand = describeRecover(program);
  recoverCommand.action(() => run(recoverCommand, { source: 'optional', work: recover }));
  const checkCommand = describeCheck(program);
  checkCommand.action(() => run(checkCommand, { work: check }));
  const retentionCommand = describeRetention(program);
  retentionCommand.action(() => run(retentionCommand, { work: retention }));
  const testAlertCommand = describeTestAlert(program);
  testAlertCommand.action(() => run(testAlertCommand, { work: testAlert }));
  const archivePushCommand = describeArchivePush(program);
  archivePushCommand.action((path: string) =>
    run(archivePushCommand, { work: (started) => archivePush(path, started) }),
  );
  const archiveHelperCommand = describeArchiveHelper(program);
  archiveHelperCommand.action(() => run(archiveHelperCommand, { work: archiveHelper }));
  const walReceiveCommand = describeWalReceive(program);
  walReceiveCommand.action(() => run(walReceiveCommand, { work: walReceive }));
  const walHeartbeatCommand = describeWalHeartbeat(program);
  walHeartbeatCommand.action(() => run(walHeartbeatCommand, { work: walHeartbeat }));
  const walCheckCommand = describeWalCheck(program);
  walCheckCommand.action(() => run(walCheckCommand, { work: walCheck }));
  const archiveGetCommand = describeArchiveGet(program);
  archiveGetCommand.action((name: string, target: string) =>
    run(archiveGetCommand, { work: (started) => archiveGet(name, target, started) }),
  );
  return program;
}

function wrongUsage(error: CommanderError): BackupError {
  const [message, ...rest] = error.message.replace(/^error: /, '').split('\n');
  const suggestion = rest.map((line) => line.replace(/^\((.*)\)$/, '$1'));
  return usageError(message, [...suggestion, 'See postgres-backup --help, or --help after a command.'].join(' '));
}
