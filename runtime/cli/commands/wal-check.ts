import { Option, type Command } from 'commander';
import { EXIT } from '../../../model';
import { BackupError, toBackupError } from '../../errors';
import type { WalAudit } from '../../wal/audit';
import type { Answer } from '../answer';
import type { CommandRun } from '../execute';
import { examples, EXIT_CODES_HELP, VAULT_HELP } from '../help-text';
import { addSharedOptions, SHORT_RUN } from '../options/shared-options';
import { seconds } from '../options/values';
import { walAnswer } from '../output/wal-output';

const TEN_YEARS_SECONDS = 10 * 365 * 86_400;

export function describeWalCheck(parent: Command): Command {
  const command = parent
    .command('wal-check')
    .summary('tell what the WAL archive reaches, and what is wrong with it')
    .description(
      'Audits the WAL archive: which part of the log is there without a gap, on which timelines; what can be reached from which\n' +
        'base backup; gaps, conflicts, servers that share an archive. It reads listings and histories, and no segment.',
    )
    .optionsGroup('What is good enough:')
    .addOption(
      new Option('--newest <age>', 'age that the newest archived segment may have: 5min').argParser(
        seconds(1, TEN_YEARS_SECONDS),
      ),
    );
  addSharedOptions(command, { deadline: SHORT_RUN, documents: ['postgres-backup/wal/1'] });
  return command
    .addHelpText('after', VAULT_HELP)
    .addHelpText(
      'after',
      examples(
        'postgres-backup wal-check --vault s3://acme-vault --source orders',
        'postgres-backup wal-check --vault s3://acme-vault --source orders --newest 10min --json',
      ),
    )
    .addHelpText('after', `${EXIT_CODES_HELP}\n  4  all is well, but the newest segment is older than --newest says`);
}

export async function walCheck(run: CommandRun): Promise<Answer> {
  const { newest } = run.command.opts<{ newest?: number }>();
  return walAnswer(await auditOrGiveUp(run), newest);
}

/** An archive that cannot be read says nothing of itself, good or bad. */
async function auditOrGiveUp({ dependencies, store, source, signal, now }: CommandRun): Promise<WalAudit> {
  try {
    return await dependencies.wal.audit(store, source, { signal, now });
  } catch (thrown) {
    const { code, message, detail, hint } = toBackupError(thrown);
    throw new BackupError(code, message, { detail, hint, exitCode: EXIT.unverified, cause: thrown });
  }
}
