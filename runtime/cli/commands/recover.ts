import type { Command } from 'commander';
import { planRecovery } from '../../recover/plan-recovery';
import { vaultSources } from '../../recover/vault-sources';
import type { Answer } from '../answer';
import type { CommandRun } from '../execute';
import { examples, EXIT_CODES_HELP, serverHelp, VAULT_HELP } from '../help-text';
import { addSecretOptions, addSharedOptions, SHORT_RUN } from '../options/shared-options';
import { recoveryAnswer, sourcesAnswer } from '../output/recovery-output';

export function describeRecover(parent: Command): Command {
  const command = parent
    .command('recover')
    .summary('find the way back with nothing but the vault and its key')
    .description(
      'For the day when everything else is gone. Without --source: which sources the vault holds. With it: what would be\n' +
        'restored, whether it is whole, whether this machine and the new server can do it, and what to type, in order.\n' +
        'It changes nothing, and may be asked again after each step.',
    );
  addSecretOptions(command);
  addSharedOptions(command, {
    deadline: SHORT_RUN,
    documents: ['postgres-backup/sources/1', 'postgres-backup/recovery/1'],
  });
  return command
    .addHelpText('after', serverHelp('the new server'))
    .addHelpText('after', VAULT_HELP)
    .addHelpText(
      'after',
      examples(
        'postgres-backup recover --vault s3://acme-vault',
        'postgres-backup recover --vault s3://acme-vault --source orders',
      ),
    )
    .addHelpText('after', EXIT_CODES_HELP);
}

export async function recover(run: CommandRun): Promise<Answer> {
  const { source, store, reporter, signal, now, dependencies } = run;
  if (source === '') return sourcesAnswer(store.uri, await vaultSources(store));
  reporter.headline(`${source} in ${store.uri}`);
  const plan = await planRecovery(source, {
    store,
    server: isServerNamed(dependencies.host.env, run) ? run.server : undefined,
    signal,
    now,
    onPassedOver: (what, reason) => reporter.warn(`${what} is passed over: ${reason}`),
  });
  return recoveryAnswer(plan, store.uri);
}

/** Without a word of it libpq takes this machine's own server, which nobody meant. */
function isServerNamed(env: NodeJS.ProcessEnv, { command }: CommandRun): boolean {
  const { secret } = command.opts<{ secret?: string }>();
  return [env.PGHOST, env.PGHOSTADDR, env.PGSERVICE, env.DATABASE_URL, secret].some(Boolean);
}
