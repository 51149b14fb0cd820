import { writeFile } from 'node:fs/promises';
import { Option, type Command } from 'commander';
import { EVIDENCE_FORMAT } from '../../../model';
import { evidencePage } from '../../drill/evidence/page';
import { BackupError } from '../../errors';
import type { Answer } from '../answer';
import type { CommandRun } from '../execute';
import { examples, EXIT_CODES_HELP, VAULT_HELP } from '../help-text';
import { addSharedOptions, SHORT_RUN, type SharedOptions } from '../options/shared-options';
import { nonEmpty, seconds, wholeNumber } from '../options/values';
import { evidenceAnswer } from '../output/evidence-output';

interface EvidenceOptions extends SharedOptions {
  readonly days: number;
  readonly html?: string;
  readonly recoveryPointObjective?: number;
}

/** Reports, which tell of recovery points that ended, are kept for so long. */
const MOST_DAYS = 400;

export function describeEvidence(parent: Command): Command {
  const command = parent
    .command('evidence')
    .summary('show what could be restored and what was proven')
    .description(
      'Gathers for the last days: which moments could have been restored, which were restored in a drill, sizes, durations,\n' +
        'objectives, and the index of the drills’ records with their digests. With --html, as a page for an auditor.',
    )
    .optionsGroup('What to show:')
    .addOption(
      new Option('--days <n>', `how far back, 1 to ${MOST_DAYS}`).argParser(wholeNumber(1, MOST_DAYS)).default(90),
    )
    .addOption(
      new Option('--html <file>', 'write the page to this file; one that is there is replaced').argParser(nonEmpty),
    )
    .addOption(
      new Option(
        '--recovery-point-objective <time>',
        'how much may be lost, at most: the longest time without a restorable moment is held against it: 1h',
      ).argParser(seconds(60, 366 * 86_400)),
    );
  addSharedOptions(command, { deadline: SHORT_RUN, documents: [EVIDENCE_FORMAT] });
  return command
    .addHelpText('after', VAULT_HELP)
    .addHelpText(
      'after',
      examples(
        'postgres-backup evidence --vault s3://acme-vault --source orders --days 90 --html evidence.html',
        'postgres-backup evidence --vault s3://acme-vault --source orders --recovery-point-objective 1h --json',
      ),
    )
    .addHelpText('after', `${EXIT_CODES_HELP}\n  4  an objective was missed in the period`);
}

export async function evidence({
  command,
  dependencies,
  source,
  store,
  reporter,
  signal,
  now,
}: CommandRun): Promise<Answer> {
  const { days, html: file, recoveryPointObjective } = command.opts<EvidenceOptions>();
  const request = { source, days, recoveryPointObjectiveSeconds: recoveryPointObjective };
  const gathered = await dependencies.drills.evidence(request, { store, reporter, signal, now });
  if (file !== undefined) await writePage(file, evidencePage(gathered));
  return evidenceAnswer(gathered, file);
}

async function writePage(file: string, page: string): Promise<void> {
  try {
    await writeFile(file, page);
  } catch (cause) {
    throw new BackupError('configuration-invalid', `the page cannot be written to ${file}`, {
      detail: (cause as Error).message,
      hint: 'Give --html a file in a directory that is there and can be written to.',
      cause,
    });
  }
}
