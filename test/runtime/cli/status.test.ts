import { BackupError } from '../../../runtime/errors';
import { readStatus } from '../../../runtime/observe/status/read-status';
import { Vault } from '../observe/status/support/vault';
import { runCli, TARGET } from './support/harness';

/** The command at a time, on what lies in the vault. */
async function statusAt(vault: Vault, at: string, ...options: string[]) {
  return runCli(['status', ...TARGET, ...options], {
    readStatus: (_store, source) => readStatus(vault.store, source, new Date(at)),
  });
}

/** The part of an id that is random. */
function withoutRuns(text: string): string {
  return text.replace(/Z-[a-z0-9]{6}\b/g, 'Z-4k2m9x');
}

async function goodVault(): Promise<Vault> {
  const vault = new Vault('2026-11-01T04:10:00Z');
  await vault.verify(await vault.succeed({ class: 'monthly' }));
  await vault.at('2026-11-20T02:00:00Z').verify(await vault.succeed({ class: 'hourly' }));
  return vault;
}

test('good backups are told in three lines, with exit code 0', async () => {
  const ran = await statusAt(
    await goodVault(),
    '2026-11-20T02:42:00Z',
    '--objective',
    '1h',
    '--objective',
    'verified=2h',
  );
  expect(ran).toMatchObject({ exitCode: 0, stderr: '' });
  expect(withoutRuns(ran.stdout)).toMatchInlineSnapshot(`
   "orders  PostgreSQL 17.12 · memory://vault  all objectives met
       COMPONENT  NEWEST      VERIFIED    SIZE         HOLDS        TOOK  OBJECTIVE
     ✓ dump       42 min ago  yes       1.2 kB  212,408 rows  3 min 10 s  1 h, verified 2 h
     kept       1 hourly · 1 monthly   oldest 2026-11-01
     drill      none yet
   "
  `);
});

test('a missed objective is exit code 4, and is told with the age, the failed run and what is no good', async () => {
  const vault = await goodVault();
  await vault.at('2026-11-20T03:00:00Z').fail({ class: 'hourly' });
  await vault.at('2026-11-20T04:00:00Z').verify(await vault.succeed({ class: 'daily' }), 'failed');
  const ran = await statusAt(vault, '2026-11-20T05:00:00Z', '--objective', '2h', '--objective', 'verified=3h');
  expect(ran).toMatchObject({ exitCode: 4, stderr: '' });
  expect(withoutRuns(ran.stdout)).toMatchInlineSnapshot(`
   "orders  PostgreSQL 17.12 · memory://vault  1 objective missed
       COMPONENT  NEWEST   VERIFIED    SIZE         HOLDS        TOOK  OBJECTIVE
     ✗ dump       3 h ago  yes       1.2 kB  212,408 rows  3 min 10 s  2 h, verified 3 h
     kept       1 hourly · 1 daily · 1 monthly   oldest 2026-11-01
     ✗ last hourly run failed 2 h ago: the server refused: password authentication failed for user "backup" (authentication-failed)
     ✗ verification of 20261120T040000Z-4k2m9x failed: globals.sql.zst: it is gone
     drill      none yet
     ✗ dump: newest backup was begun 3 h ago (objective 2 h)
   "
  `);
});

test('a source that has nothing misses its objectives', async () => {
  const ran = await statusAt(new Vault('2026-11-20T00:00:00Z'), '2026-11-20T05:00:00Z');
  expect(ran.exitCode).toBe(4);
  expect(withoutRuns(ran.stdout)).toMatchInlineSnapshot(`
   "orders  memory://vault  2 objectives missed
       COMPONENT  NEWEST  VERIFIED  SIZE  HOLDS  TOOK  OBJECTIVE
     ✗ dump       none    none         –      –     –  26 h
     kept       nothing
     drill      none yet
     ✗ dump: newest backup does not exist (objective 26 h)
     ✗ dump: newest verified backup does not exist (objective 26 h)
   "
  `);
});

test('backups that are not verified miss the objective for verified ones', async () => {
  const vault = new Vault('2026-11-20T00:00:00Z');
  await vault.succeed();
  const ran = await statusAt(vault, '2026-11-20T05:00:00Z');
  expect(ran.exitCode).toBe(4);
  expect(ran.stdout).toContain('dump: newest verified backup does not exist (objective 26 h)');
});

test('as JSON, all of it', async () => {
  const vault = await goodVault();
  await vault.at('2026-11-20T03:00:00Z').fail({ class: 'hourly' });
  const ran = await statusAt(vault, '2026-11-20T05:00:00Z', '--json');
  expect(ran.exitCode).toBe(0);
  const document = JSON.parse(withoutRuns(ran.stdout)) as unknown;
  expect(document).toMatchInlineSnapshot(`
   {
     "at": "2026-11-20T05:00:00.000Z",
     "components": [
       {
         "component": "dump",
         "failedRuns": [
           {
             "class": "hourly",
             "code": "authentication-failed",
             "failedAt": "2026-11-20T03:00:00.000Z",
             "message": "the server refused: password authentication failed for user "backup"",
             "point": "20261120T030000Z-4k2m9x",
           },
         ],
         "kept": {
           "hourly": 1,
           "monthly": 1,
         },
         "newest": {
           "ageSeconds": 10800,
           "begunAt": "2026-11-20T02:00:00.000Z",
           "class": "hourly",
           "durationMs": 190000,
           "items": 212408,
           "lacks": [],
           "point": "20261120T020000Z-4k2m9x",
           "serverVersion": "17.12",
           "storedBytes": 1200,
           "verification": "passed",
         },
         "newestVerified": {
           "ageSeconds": 10800,
           "begunAt": "2026-11-20T02:00:00.000Z",
           "class": "hourly",
           "point": "20261120T020000Z-4k2m9x",
         },
         "notGood": [],
         "oldest": {
           "ageSeconds": 1644600,
           "begunAt": "2026-11-01T04:10:00.000Z",
           "class": "monthly",
           "point": "20261101T041000Z-4k2m9x",
         },
       },
     ],
     "drills": null,
     "format": "postgres-backup/status/1",
     "objectives": [
       {
         "ageSeconds": 10800,
         "component": "dump",
         "met": true,
         "objective": "newest",
         "objectiveSeconds": 93600,
       },
       {
         "ageSeconds": 10800,
         "component": "dump",
         "met": true,
         "objective": "newest verified",
         "objectiveSeconds": 93600,
       },
     ],
     "outcome": "passed",
     "sets": null,
     "source": "orders",
     "vault": "memory://vault",
   }
  `);
});

test('a status that cannot be read is exit code 3, never good and never bad', async () => {
  const ran = await runCli(['status', ...TARGET], {
    readStatus: async () => {
      throw new BackupError('store-denied', 'access denied');
    },
  });
  expect(ran).toMatchObject({ exitCode: 3, stdout: '' });
  expect(ran.stderr).toContain('could not verify: access denied');
});

test('what a record in the vault says steers no terminal', async () => {
  const vault = await goodVault();
  await vault.fail({ class: 'weekly' });
  for await (const entry of vault.store.list('orders/')) {
    if (entry.kind !== 'object' || !entry.key.endsWith('failure.json')) continue;
    await vault.store.put(entry.key, Buffer.from(JSON.stringify({ code: 'x', message: 'a\x1b[2Jb\nforged line' })));
  }
  const ran = await statusAt(vault, '2026-11-20T02:42:00Z');
  expect(ran.stdout).toContain('a\\x1b[2Jb\\nforged line');
});

test.each([
  [['--objective', 'soon'], 'Give seconds, or a number with s, min, h or d'],
  [['--objective', 'drilled=2h'], 'Give an age such as 25h, or verified=27h.'],
  [['--objective', '2h', '--objective', 'newest=3h'], 'An objective for the newest one is given twice.'],
  [['--objective', '5s'], 'from 60 s'],
])('%j is wrong usage', async (options, sentence) => {
  const ran = await runCli(['status', ...TARGET, ...options]);
  expect(ran).toMatchObject({ exitCode: 2, stdout: '' });
  expect(ran.stderr).toContain(sentence);
});

test('colours only on a terminal', async () => {
  const vault = await goodVault();
  const setup = { readStatus: () => readStatus(vault.store, 'orders', new Date('2026-11-20T02:42:00Z')) };
  const onTerminal = await runCli(['status', ...TARGET], { ...setup, terminal: { columns: 120 } });
  expect(onTerminal.stdout).toContain('\x1b[32mall objectives met\x1b[39m');
  expect((await runCli(['status', ...TARGET], setup)).stdout).not.toContain('\x1b');
});
