/** With `--keep`: both servers stay until Ctrl-C, with a fresh recovery point beside the damaged one, and what to type is told. */
import { once } from 'node:events';
import { claim } from './claim';
import type { Demonstration } from './demonstration';
import { visitorEnvironment } from './environment';
import { document, runProgram } from './program';
import type { DumpDocument } from '../../runtime/cli/output/dump-output';

export async function keepRunning({ scene, narrator, signal }: Demonstration): Promise<void> {
  const environment = visitorEnvironment(scene);
  const point = await narrator.step('back up', async (telling) => {
    const run = await runProgram(['backup', 'dump', '--json'], environment, signal);
    claim(run.exitCode === 0, 'a second backup succeeds', run.stdout + run.stderr);
    telling.result('once more: a good recovery point beside the damaged one');
    return document<DumpDocument>(run, 'postgres-backup/backup/1').point;
  });
  for (const line of instructions(environment, point ?? 'latest')) narrator.say(line);
  if (!signal.aborted) await once(signal, 'abort');
  narrator.say();
}

function instructions(environment: Readonly<Record<string, string>>, point: string): string[] {
  return [
    '',
    'Both servers are running. In another terminal, in this folder:',
    '',
    ...Object.entries(environment).map(([name, value]) => `export ${name}='${value.replaceAll("'", `'\\''`)}'`),
    "alias postgres-backup='node assets/cli/postgres-backup.js'",
    '',
    'postgres-backup info               # two recovery points; the older is damaged',
    'postgres-backup verify latest      # the newer is not',
    `postgres-backup restore ${point} --clean`,
    "psql -c 'SELECT state, count(*) FROM clinic.appointments GROUP BY 1'",
    '',
    'Ctrl-C here stops both servers and removes their files.',
  ];
}
