/**
 * The demonstration: `npm run demo [-- --keep]`. Exit code 0 only when every step showed what it claims; 1 when one did not; 2 for
 * wrong usage; 130 when it was interrupted.
 */
import { parseArgs } from 'node:util';
import { BackupError } from '../../runtime/errors';
import { formatDuration } from '../../runtime/observe/format';
import { styleFor } from '../../runtime/observe/style';
import { NotAsClaimed } from './claim';
import { Narrator } from './narrator';
import { tellStory } from './story';

const USAGE = `usage: npm run demo [-- --keep]

Deploys a stack with a database and its backup to a stand-in for AWS, and moves its
clock: the backup runs and is verified; the database is destroyed, restored and
compared; then nothing runs, and things are damaged, and the alarms tell.
All on this machine, in temporary folders, gone at the end.
  --keep   leaves everything running, to try things out, until Ctrl-C`;

// The S3 client's advice about old Node versions is none of the story.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
const style = styleFor(process.stdout, process.env);
const narrator = new Narrator(process.stdout, style);

async function main(): Promise<number> {
  const options = readOptions();
  if (options === 'help') {
    console.log(USAGE);
    return 0;
  }
  const begun = performance.now();
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => stop.abort());
  try {
    await tellStory(narrator, { afterwards: options.keep ? 'keep running' : 'clean up', signal: stop.signal });
  } catch (error) {
    if (stop.signal.aborted) return 130;
    narrator.say();
    narrator.say(style.bad('The demonstration did not show what it claims.'));
    if (!(error instanceof NotAsClaimed || error instanceof BackupError)) console.error(error);
    return 1;
  }
  if (!options.keep) sayGoodbye(performance.now() - begun);
  return 0;
}

function sayGoodbye(durationMs: number): void {
  narrator.say();
  narrator.say(`${style.good('All of it is so')}, in ${formatDuration(durationMs)}. Three commands to try next:`);
  narrator.say();
  narrator.say('  npm run demo -- --keep                               the same, yours to try');
  narrator.say('  node assets/cli/postgres-backup.js restore --help    what a restore can do');
  narrator.say('  npm run synth                                        what would be deployed');
}

function readOptions(): { keep: boolean } | 'help' {
  const { values } = parseArgs({ options: { keep: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } });
  return values.help ? 'help' : { keep: values.keep ?? false };
}

main().then(
  (exitCode) => {
    process.exitCode = exitCode;
  },
  (error: unknown) => {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
    process.exitCode = 2;
  },
);
