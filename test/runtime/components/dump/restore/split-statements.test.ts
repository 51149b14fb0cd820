/** The script of pg_dumpall is cut into statements where they end, whatever the names and texts in it hold. */
import fc from 'fast-check';
import { splitStatements } from '../../../../../runtime/components/dump/restore/roles';
import { quoteIdentifier } from '../../../../../runtime/postgres/sql-quoting';

it('comments, empty lines and psql commands are no statements', () => {
  const script = '--\n-- PostgreSQL\n--\n\n\\restrict abc\nSET x = 1;\n\n\\unrestrict abc\n-- end;\n';
  expect(splitStatements(script)).toEqual(['SET x = 1']);
});

it('a semicolon at a line end inside a name or a text ends nothing', () => {
  const statements = [
    'CREATE ROLE "two;\nlines;\n-- three"',
    "COMMENT ON ROLE a IS 'it''s;\n\\. \"quoted;\n'",
    `ALTER ROLE "a""b;\n" SET search_path TO 'x;', "y"`,
  ];
  expect(splitStatements(`${statements.join(';\n\n')};\n`)).toEqual(statements);
});

it('any names and texts come out as they went in', () => {
  const text = fc.string({ unit: fc.constantFrom('a', ';', '\n', '"', "'", '-', '\\', ' ', 'ü', '$') });
  const statement = fc
    .tuple(text, text)
    .map(([name, words]) => `COMMENT ON ROLE ${quoteIdentifier(`r${name}`)} IS '${words.replaceAll("'", "''")}'`);
  fc.assert(
    fc.property(fc.array(statement, { maxLength: 8 }), (statements) => {
      const script = statements.map((one) => `${one};\n\n--\n-- next\n--\n`).join('');
      expect(splitStatements(script)).toEqual(statements);
    }),
    { seed: 5, numRuns: 500 },
  );
});

it('a last statement without its end is none', () => {
  expect(splitStatements("CREATE ROLE a;\nCREATE ROLE 'b;\n")).toEqual(['CREATE ROLE a']);
});
