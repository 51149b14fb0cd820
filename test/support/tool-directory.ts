/** Stock tools of which one is broken in a chosen way: a directory of links and one small shell script. */
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { PostgresTools } from '../../runtime/postgres/tools';

/** A directory to name in POSTGRES_BACKUP_PG_BINDIR: the real tools, but `pg_dump` is what the script says. */
export async function brokenPgDump(tools: PostgresTools, directory: string, script: string): Promise<string> {
  await mkdir(directory, { recursive: true });
  const others = { pg_dumpall: tools.pgDumpall, pg_restore: tools.pgRestore, psql: tools.psql };
  for (const [name, program] of Object.entries(others)) await symlink(program, path.join(directory, name));
  await writeScript(path.join(directory, 'pg_dump'), tools.pgDump, script);
  return directory;
}

/** A directory to put before PATH: its `zstd` is what the script says. */
export async function brokenZstd(real: string, directory: string, script: string): Promise<string> {
  await mkdir(directory, { recursive: true });
  await writeScript(path.join(directory, 'zstd'), real, script);
  return directory;
}

/** In the script `real` runs the true program; asked for its version, it always is the true one. */
async function writeScript(file: string, real: string, script: string): Promise<void> {
  const quoted = `'${real.replaceAll("'", `'\\''`)}'`;
  await writeFile(
    file,
    `#!/bin/sh\ncase "$1" in --version) exec ${quoted} --version;; esac\nreal() { ${quoted} "$@"; }\n${script}\n`,
  );
  await chmod(file, 0o755);
}
