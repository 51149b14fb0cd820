import type { Command } from 'commander';
import { composeRunbook } from '../../system/runbook';
import type { Answer } from '../answer';
import type { CommandRun } from '../execute';
import { examples, EXIT_CODES_HELP, VAULT_HELP } from '../help-text';
import { addSharedOptions, SHORT_RUN } from '../options/shared-options';

export function describeRunbook(parent: Command): Command {
  const command = parent
    .command('runbook')
    .summary('print how this source is restored, with the names that its stack has')
    .description(
      'Prints, as Markdown, what there is, who may restore it, and which commands in which order: from what lies in the vault, and\n' +
        'what the stack left there. The stack stores the same daily as <source>/reports/runbook.md. It changes nothing.',
    );
  addSharedOptions(command, { deadline: SHORT_RUN, documents: ['postgres-backup/runbook/1'] });
  return command
    .addHelpText('after', VAULT_HELP)
    .addHelpText(
      'after',
      examples('postgres-backup runbook --vault s3://acme-vault --source orders > restore-orders.md'),
    )
    .addHelpText('after', EXIT_CODES_HELP);
}

export async function runbook({ dependencies: { system }, store, source, now }: CommandRun): Promise<Answer> {
  const subject = await system.gatherRunbook(store, source, now());
  const text = composeRunbook(subject);
  return {
    outcome: 'passed',
    summary: `${source}: the runbook`,
    lines: () => text.trimEnd().split('\n'),
    document: {
      format: 'postgres-backup/runbook/1',
      source,
      vault: store.uri,
      at: subject.status.at.toISOString(),
      facts: subject.facts ?? null,
      markdown: text,
    } as { readonly format: string },
  };
}
