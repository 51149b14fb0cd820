import { Option, type Command } from 'commander';
import { pointId, VERIFICATION_FORMAT, VERIFY_DEPTHS, type PointAddress, type VerifyDepth } from '../../../model';
import type { RecoveryPoint } from '../../catalog/recovery-point';
import type { SampleRequest } from '../../components/component';
import { LARGEST_SEED, seedByTheClock } from '../../drill/lots';
import { usageError } from '../../errors';
import { formatBytes } from '../../observe/format';
import type { Answer } from '../answer';
import type { CommandRun } from '../execute';
import { examples, EXIT_CODES_HELP, PLACES_HELP, VAULT_HELP } from '../help-text';
import {
  acceptanceOf,
  addExpectationOptions,
  expectationsOf,
  type ExpectationOptions,
} from '../options/expectation-options';
import { addComponentOption, type ComponentOption } from '../options/component-option';
import { addSharedOptions, LONG_RUN } from '../options/shared-options';
import { sampleAmount, type SampleAmount } from '../options/sample-amount';
import { oneOf, wholeNumber } from '../options/values';
import { recordedAnswer } from '../output/recorded-output';
import { verifyAnswer } from '../output/verify-output';
import type { Points } from '../points';
import { addPointArgument } from './point-argument';

interface VerifyCommandOptions extends ExpectationOptions, ComponentOption {
  readonly depth: VerifyDepth;
  readonly sample?: SampleAmount | true;
  readonly seed?: number;
}

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
    )
    .addOption(
      new Option(
        '--sample [amount]',
        'of mirrored objects: look up all, read only so many of each mirror, or so many in a hundred (1000, 5%); 100, or 1% where that is more',
      ).argParser(sampleAmount),
    )
    .addOption(
      new Option('--seed <number>', 'draw the sample that this seed drew before').argParser(
        wholeNumber(0, LARGEST_SEED),
      ),
    );
  addExpectationOptions(command);
  addComponentOption(command);
  addSharedOptions(command, { deadline: LONG_RUN, documents: ['postgres-backup/verify/1', VERIFICATION_FORMAT] });
  return command
    .addHelpText('after', VAULT_HELP)
    .addHelpText('after', PLACES_HELP)
    .addHelpText(
      'after',
      examples(
        'postgres-backup verify latest --vault s3://acme-vault --source orders',
        'postgres-backup verify 20261120T021003Z-4k2m9x --vault s3://acme-vault --source orders --depth stored --json',
        'postgres-backup verify latest --vault s3://acme-vault --source orders --component objects --sample 1%',
        'postgres-backup verify latest --vault s3://acme-vault --source orders --record --minimum-rows 100000',
        "postgres-backup verify latest --vault s3://acme-vault --source orders --record --accept-size 'old orders were purged'",
      ),
    )
    .addHelpText('after', EXIT_CODES_HELP);
}

export async function verify(wanted: string, run: CommandRun): Promise<Answer> {
  const { store, reporter, signal, now } = run;
  const { depth, component, sample: amount, seed, ...options } = run.command.opts<VerifyCommandOptions>();
  const points = run.points(component);
  const expectations = expectationsOf(options, run.command);
  const sample = sampleOf(amount, seed, run);
  if (expectations) {
    const address = await addressToVerify(wanted, points);
    reporter.headline(`${run.source} ${pointId(address)} in ${store.uri}`);
    const acceptSize = acceptanceOf(options, run.dependencies.host.env);
    const parts = { depth, expectations, reporter, signal, now, acceptSize };
    return recordedAnswer(await run.dependencies.verifyAndRecord(store, address, parts));
  }
  const point = await pointToVerify(wanted, points);
  const { manifest } = point;
  reporter.headline(
    `${manifest.source} ${manifest.point} · ${formatBytes(manifest.totals.storedBytes)} in ${store.uri}`,
  );
  return verifyAnswer(await run.dependencies.verifyPoint(point, depth, { store, reporter, signal, now, sample }));
}

/** What is recorded says that everything was read; and of what is no mirror, all is read. */
function sampleOf(
  amount: VerifyCommandOptions['sample'],
  seed: number | undefined,
  { command, now }: CommandRun,
): SampleRequest | undefined {
  if (amount === undefined) {
    if (seed !== undefined) throw usageError('--seed draws nothing without --sample');
    return undefined;
  }
  const { component, depth, record } = command.opts<VerifyCommandOptions & { record?: boolean }>();
  if (component !== 'objects') throw usageError('--sample is for --component objects', 'Of others all is read.');
  if (depth !== 'read') throw usageError('--sample is for --depth read', '--depth stored reads nothing.');
  if (record) throw usageError('--sample cannot be recorded', 'A record says that everything was read.');
  return { ...(amount !== true && { amount }), seed: seed ?? seedByTheClock(now()) };
}

/** Its manifest is not read here: one that cannot be is a result to be recorded. */
async function addressToVerify(wanted: string, points: Points): Promise<PointAddress> {
  const addresses = await points.list();
  const found = wanted === 'latest' ? addresses[0] : addresses.find((address) => pointId(address) === wanted);
  return found ?? (await points.find(wanted)).address;
}

/** To find the latest passes a damaged point over, which is right for a restore and would hide it here. */
async function pointToVerify(wanted: string, points: Points): Promise<RecoveryPoint> {
  if (wanted !== 'latest') return points.find(wanted);
  const [newest] = await points.list();
  return points.read(newest);
}
