import { Option, type Command } from 'commander';
import { VERIFY_DEPTHS, type VerifyDepth } from '../../components/dump/types';
import type { RecoveryPoint } from '../../catalog/recovery-point';
import { formatBytes } from '../../observe/format';
import type { Answer } from '../answer';
import type { CommandRun } from '../execute';
import { examples, EXIT_CODES_HELP, PLACES_HELP, VAULT_HELP } from '../help-text';
import { addSharedOptions, LONG_RUN } from '../options/shared-options';
import { oneOf } from '../options/values';
import { verifyAnswer } from '../output/verify-output';
import { addPointArgument } from './point-argument';

export function describeVerify(parent: Command): Command {
  const command = parent
    .command('verify')
    .summary('check a stored recovery point without restoring it')
    .description(
      'Checks that what is stored is what was backed up. Nothing is restored and no PostgreSQL is needed. "latest" is the\n' +
        'newest recovery point whatever its state: none is passed over.',
    );
  addPointArgument(command);
  command
    .optionsGroup('How to verify:')
    .addOption(
      new Option(
        '--depth <depth>',
        'read: every byte, and every row counted in the archives; stored: sizes, versions and checksums as the store keeps them',
      )
        .argParser(oneOf(VERIFY_DEPTHS))
        .default('read'),
    );
  addSharedOptions(command, { deadline: LONG_RUN, documents: ['postgres-backup/verify/1'] });
  return command
    .addHelpText('after', VAULT_HELP)
    .addHelpText('after', PLACES_HELP)
    .addHelpText(
      'after',
      examples(
        'postgres-backup verify latest --vault s3://acme-vault --source orders',
        'postgres-backup verify 20261120T021003Z-4k2m9x --vault s3://acme-vault --source orders --depth stored --json',
      ),
    )
    .addHelpText('after', EXIT_CODES_HELP);
}

export async function verify(wanted: string, run: CommandRun): Promise<Answer> {
  const { store, reporter, signal, now } = run;
  const { depth } = run.command.opts<{ depth: VerifyDepth }>();
  const point = await pointToVerify(wanted, run);
  const { manifest } = point;
  reporter.headline(
    `${manifest.source} ${manifest.point} · ${formatBytes(manifest.totals.storedBytes)} in ${store.uri}`,
  );
  return verifyAnswer(await run.dependencies.dump.verify(point, depth, { store, reporter, signal, now }));
}

/** To find the latest passes a damaged point over, which is right for a restore and would hide it here. */
async function pointToVerify(wanted: string, { points }: CommandRun): Promise<RecoveryPoint> {
  if (wanted !== 'latest') return points.find(wanted);
  const [newest] = await points.list();
  return points.read(newest);
}
