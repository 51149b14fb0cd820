import { tmpdir } from 'node:os';
import path from 'node:path';
import { Option, type Command } from 'commander';
import { formatCount, formatNumberOf } from '../../observe/format';
import { printable } from '../../observe/printable';
import type { ReceiveLook, ReceiveReport } from '../../wal/receive/types';
import type { Answer } from '../answer';
import type { CommandRun } from '../execute';
import { examples, EXIT_CODES_HELP, PLACES_HELP, serverHelp, VAULT_HELP } from '../help-text';
import { slotName } from '../options/slot-name';
import { addSecretOptions, addSharedOptions } from '../options/shared-options';
import { nonEmpty, oneOf, seconds, wholeNumber } from '../options/values';

interface ReceiveOptions {
  readonly directory: string;
  readonly slot?: string;
  readonly partialEvery: number;
  readonly mostUnarchived: number;
  readonly onGap: 'stop' | 'go-on';
  readonly synchronous?: boolean;
}

const STALL_SECONDS = 60;
const LOOK_EVERY_SECONDS = 5;
/** CloudWatch keeps a figure a minute: twice that often, none is missing. */
const TELL_EVERY_MS = 30_000;

export function describeWalReceive(parent: Command): Command {
  const command = parent
    .command('wal-receive')
    .summary('receive the write-ahead log from the server, and archive it')
    .description(
      'Runs until it is stopped. Streams the log with stock pg_receivewal and archives it: full segments, and every few seconds what\n' +
        'there is of the newest. A replication slot keeps on the server what is not in the vault yet; wherever this is started anew,\n' +
        'there is no gap.',
    )
    .optionsGroup('How it receives:');
  [
    new Option('--directory <dir>', 'where what is received lies until it is archived; for this alone')
      .argParser(nonEmpty)
      .default(path.join(tmpdir(), 'postgres-backup-receive'), 'postgres-backup-receive in that of the system'),
    new Option(
      '--slot <name>',
      'replication slot, made when it is not there; also the name for synchronous_standby_names (default: postgres_backup_ and the source)',
    ).argParser(slotName),
    new Option('--partial-every <time>', 'how often what there is of the newest segment is archived')
      .argParser(seconds(1, 3600))
      .default(10, '10s'),
    new Option('--synchronous', 'commits may wait until what they wrote is on the disk here: see the guide'),
    new Option(
      '--most-unarchived <GiB>',
      'with more than this in the directory, nothing is received until it is archived',
    )
      .argParser(wholeNumber(1, 10_000))
      .default(4),
    new Option('--on-gap <what>', 'where the server has deleted what the archive lacks: stop, or go-on behind the gap')
      .argParser(oneOf(['stop', 'go-on']))
      .default('stop'),
  ].forEach((option) => command.addOption(option));
  addSecretOptions(command);
  addSharedOptions(command, { deadline: 'none', documents: ['postgres-backup/wal-receive/1'] });
  return command
    .addHelpText('after', serverHelp('the primary; the role needs REPLICATION'))
    .addHelpText('after', VAULT_HELP)
    .addHelpText('after', PLACES_HELP)
    .addHelpText(
      'after',
      examples('postgres-backup wal-receive --directory /var/lib/receive --vault s3://acme-vault --source orders'),
    )
    .addHelpText('after', EXIT_CODES_HELP);
}

export async function walReceive(run: CommandRun): Promise<Answer> {
  const { dependencies, source, store, signal, now, reporter } = run;
  const options = run.command.opts<ReceiveOptions>();
  const server = run.server();
  const slot = options.slot ?? `postgres_backup_${source.replace(/-/g, '_')}`.slice(0, MOST_SLOT_CHARACTERS);
  const receiving = dependencies.wal.receive(
    {
      source,
      directory: options.directory,
      slotName: slot,
      mode: options.synchronous ? 'synchronous' : 'asynchronous',
      partialEverySeconds: options.partialEvery,
      mostUnarchivedBytes: options.mostUnarchived * 1024 ** 3,
      onGap: options.onGap === 'go-on' ? 'go on' : 'stop',
      stallSeconds: STALL_SECONDS,
      lookEverySeconds: LOOK_EVERY_SECONDS,
    },
    {
      store,
      signal,
      now,
      server,
      onStreaming: (from, timeline) =>
        reporter.headline(
          `receives WAL of ${source} from ${server.description} at ${from}, timeline ${timeline}, slot ${slot}, into ${store.uri}`,
        ),
      onInterruption: (error) => {
        reporter.warn(`${error.code}: ${printable([error.message, error.detail].filter(Boolean).join(' '))}`);
        run.publish({ walReceiverStreaming: 0 });
      },
      onLook: throttled(now, (look) => run.publish(figuresOf(look))),
      warn: (message) => reporter.warn(printable(message)),
    },
  );
  const report = await receiving.catch((thrown: unknown) => {
    run.publish({ walReceiverStreaming: 0 });
    throw thrown;
  });
  return receiveAnswer(report);
}

/** As long as names in PostgreSQL. */
const MOST_SLOT_CHARACTERS = 63;

function figuresOf({ lagSeconds, lagBytes, slotBytes }: ReceiveLook) {
  return {
    walReceiverStreaming: 1,
    walReceiverLag: lagSeconds,
    walReceiverBehind: lagBytes,
    walSlotRetained: slotBytes,
  };
}

/** A look that is worse than those before it is told at once. */
function throttled(now: () => Date, tell: (look: ReceiveLook) => void): (look: ReceiveLook) => void {
  let toldAtMs = 0;
  let told = 0;
  return (look) => {
    const nowMs = now().getTime();
    if (nowMs - toldAtMs < TELL_EVERY_MS && look.lagSeconds <= told + TELL_EVERY_MS / 1000) return;
    toldAtMs = nowMs;
    told = look.lagSeconds;
    tell(look);
  };
}

function receiveAnswer(report: ReceiveReport): Answer {
  const { segments, partials, interruptions } = report;
  const summary =
    `stopped: ${formatNumberOf(segments, 'segment')} and ${formatNumberOf(partials, 'partial')} archived, ` +
    `${formatCount(interruptions)} interruptions`;
  const document = { format: 'postgres-backup/wal-receive/1', ...report };
  return { outcome: 'passed', summary, lines: () => [summary], document };
}
