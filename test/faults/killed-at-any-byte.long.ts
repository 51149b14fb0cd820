/** The long form of "killed at any byte": a hundred seeded offsets and each of three signals, in pg_dump and in zstd. */
import path from 'node:path';
import { findZstd } from '../../runtime/postgres/zstd';
import { failureOf } from '../support/failure-of';
import { Lab } from '../support/lab';
import { Seeded } from '../support/seeded';
import { brokenPgDump, brokenZstd } from '../support/tool-directory';

const ROUNDS = 100;
const SEED = 20261121;

it('pg_dump or zstd, ended by any signal after any byte: no recovery point, and the reason is told', async () => {
  const lab = await Lab.start();
  const environment = { ...process.env };
  try {
    await lab.database('small', `CREATE TABLE t AS SELECT i, md5(i::text) AS h FROM generate_series(1, 2000) i`);
    const zstd = (await findZstd()).program;
    const random = new Seeded(SEED);
    for (let round = 0; round < ROUNDS; round++) {
      const [offset, signal, tool] = [
        random.below(90_000),
        random.pick(['KILL', 'TERM', 'SEGV']),
        random.pick(['pg_dump', 'zstd']),
      ];
      const directory = path.join(lab.directory, `round-${round}`);
      const script = `real "$@" | head -c ${offset}; kill -${signal} $$`;
      process.env =
        tool === 'zstd'
          ? { ...environment, PATH: `${await brokenZstd(zstd, directory, script)}:${environment.PATH}` }
          : { ...environment, POSTGRES_BACKUP_PG_BINDIR: await brokenPgDump(lab.tools, directory, script) };
      const failure = await failureOf(lab.backup('small'));
      expect(`seed ${SEED}, round ${round}: ${failure.message}`).toContain(
        `${tool} of "small" was ended by SIG${signal}`,
      );
    }
    expect((await lab.keys()).filter((key) => !/\/(started|failure)\.json$/.test(key))).toEqual([]);
  } finally {
    process.env = environment;
    await lab.stop();
  }
});
