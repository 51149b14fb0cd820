/** With `--keep`: both servers stay until Ctrl-C, with a fresh recovery point beside the damaged one, and what to type is told. */
import { once } from 'node:events';
import { claim } from './claim';
import type { Demonstration } from './demonstration';
import { visitorEnvironment } from './environment';
import { runProgram } from './program';

export async function keepRunning({ scene, narrator, signal }: Demonstration): Promise<void> {
  const environment = visitorEnvironment(scene);
  await narrator.step('back up', async (telling) => {
    const run = await runProgram(['backup', 'dump', '--json'], environment, signal);
    claim(run.exitCode === 0, 'a second backup succeeds', run.stdout + run.stderr);
    telling.result('once more: a good recovery point beside the damaged one');
    telling.detail('by hand, at whatever time it is in the stand-in');
  });
  for (const line of instructions(environment)) narrator.say(line);
  if (!signal.aborted) await once(signal, 'abort');
  narrator.say();
}

function instructions(environment: Readonly<Record<string, string>>): string[] {
  return [
    '',
    'Everything is running. In another terminal, in this folder:',
    '',
    ...Object.entries(environment).map(([name, value]) => `export ${name}='${value.replaceAll("'", `'\\''`)}'`),
    "alias postgres-backup='node assets/cli/postgres-backup.js'",
    '',
    'postgres-backup info               # three recovery points; the one of 04:00 is damaged',
    'postgres-backup verify latest      # the newer is not',
    'postgres-backup restore latest --clean',
    "psql -c 'SELECT state, count(*) FROM clinic.appointments GROUP BY 1'",
    '',
    'Ctrl-C here stops everything and removes its files.',
  ];
}
