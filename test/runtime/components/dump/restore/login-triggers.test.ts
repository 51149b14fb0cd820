/** What every login would set off is made after the last login of a restore. */
import type { ArchiveEntry } from '../../../../../runtime/postgres/archive/archive-head';
import { setLoginTriggersApart } from '../../../../../runtime/components/dump/restore/login-triggers';

const entry = (dumpId: number, kind: string, definition: string, dependencies: number[] = []): ArchiveEntry => ({
  ...{ dumpId, kind, definition, dependencies, hasData: false, section: 'post-data' },
  ...{ schema: '', name: `n${dumpId}`, owner: 'o' },
});

const TABLE = entry(1, 'TABLE', 'CREATE TABLE "ON login" ();');
const ON_DDL = entry(
  2,
  'EVENT TRIGGER',
  'CREATE EVENT TRIGGER "a ON login b" ON ddl_command_end\n   EXECUTE FUNCTION f();',
);
const ON_LOGIN = entry(3, 'EVENT TRIGGER', 'CREATE EVENT TRIGGER "odd "" name" ON login\n   EXECUTE FUNCTION f();');
const COMMENT = entry(4, 'COMMENT', 'COMMENT ON EVENT TRIGGER …', [3]);

test('it comes last, with what hangs on it, and nothing else does', () => {
  const { first, last } = setLoginTriggersApart({
    file: 'schema.dump',
    entries: [TABLE, ON_DDL, ON_LOGIN, COMMENT],
    made: 'all',
  });
  expect(first).toEqual({ file: 'schema.dump', entries: [TABLE, ON_DDL], made: 'some' });
  expect(last).toEqual({ file: 'schema.dump', entries: [ON_LOGIN, COMMENT], made: 'some' });
});

test('without one everything is made as before', () => {
  const definitions = { file: 'schema.dump', entries: [TABLE, ON_DDL], made: 'all' } as const;
  expect(setLoginTriggersApart(definitions)).toEqual({ first: definitions, last: null });
});
