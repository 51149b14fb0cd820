/** What only newer majors can hold comes back, and a drill has nothing against it. */
import { backUp, drill, findings } from '../runtime/drill/support/drill-lab';
import { readContent } from '../support/database-content';
import { Lab } from '../support/lab';

/** From 16 on. */
const SINCE_16 = `
CREATE ROLE keeper NOLOGIN; CREATE ROLE clerk NOLOGIN; CREATE ROLE trainee NOLOGIN;
GRANT keeper TO clerk WITH INHERIT FALSE, SET TRUE, ADMIN TRUE;
SET ROLE clerk; GRANT keeper TO trainee WITH INHERIT TRUE, SET FALSE; RESET ROLE;
CREATE TABLE json_rules (a jsonb CHECK (a IS JSON OBJECT), b text COLLATE "C", UNIQUE NULLS NOT DISTINCT (b));
INSERT INTO json_rules VALUES ('{"a": 1}', NULL);
CREATE TABLE compressed (a text STORAGE EXTERNAL COMPRESSION pglz, b int NOT NULL);
INSERT INTO compressed SELECT repeat(md5(i::text), 200), i FROM generate_series(1, 50) AS i;
SELECT lo_from_bytea(100000 + i, decode(md5(i::text), 'hex')) FROM generate_series(1, 2300) AS i \\g /dev/null
DO $$ BEGIN FOR i IN 1..2300 LOOP
  IF i % 3 = 0 THEN EXECUTE format('ALTER LARGE OBJECT %s OWNER TO keeper', 100000 + i); END IF;
  IF i % 100 = 0 THEN EXECUTE format('GRANT SELECT ON LARGE OBJECT %s TO clerk', 100000 + i); END IF;
  IF i % 500 = 0 THEN EXECUTE format('COMMENT ON LARGE OBJECT %s IS %L', 100000 + i, 'it''s ' || i); END IF;
END LOOP; END $$;
CREATE SUBSCRIPTION idle CONNECTION 'host=nowhere.invalid dbname=x' PUBLICATION p WITH (connect = false, slot_name = NONE);
CREATE PUBLICATION all_rows FOR TABLES IN SCHEMA public;
CREATE PUBLICATION some_rows FOR TABLE compressed (b) WHERE (b > 10);
`;

const SINCE_18 = `
CREATE TABLE modern (
  id uuid DEFAULT uuidv7() PRIMARY KEY, a int, b int GENERATED ALWAYS AS (a * 2) VIRTUAL, c int GENERATED ALWAYS AS (a * 3) STORED,
  n bigint GENERATED ALWAYS AS IDENTITY, later text, CONSTRAINT a_there NOT NULL a,
  CONSTRAINT never_negative CHECK (a >= 0) NOT ENFORCED
);
INSERT INTO modern (a, later) SELECT i - 5, NULL FROM generate_series(1, 40) AS i;
ALTER TABLE modern ADD CONSTRAINT later_there NOT NULL later NOT VALID;
CREATE EXTENSION btree_gist;
CREATE TABLE stays (room int, during daterange, PRIMARY KEY (room, during WITHOUT OVERLAPS));
INSERT INTO stays VALUES (1, '[2026-01-01,2026-01-05)'), (1, '[2026-01-05,2026-01-07)');
CREATE TABLE visits (room int, during daterange, FOREIGN KEY (room, PERIOD during) REFERENCES stays (room, PERIOD during));
INSERT INTO visits VALUES (1, '[2026-01-02,2026-01-06)');
CREATE TABLE parted (id int GENERATED ALWAYS AS IDENTITY, at date NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE parted_a PARTITION OF parted FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
INSERT INTO parted (at) SELECT date '2026-01-01' + i FROM generate_series(1, 30) AS i;
CREATE TABLE folded (a text COLLATE "pg_c_utf8"); INSERT INTO folded VALUES ('ß'), ('Ü');
CREATE INDEX ON folded (casefold(a));
CREATE PUBLICATION generated FOR TABLE modern WITH (publish_generated_columns = stored);
GRANT MAINTAIN ON modern TO keeper;
CREATE MATERIALIZED VIEW sums AS SELECT sum(a) AS a FROM modern;
CREATE TABLE statistics AS SELECT i % 7 AS a, i % 7 AS b FROM generate_series(1, 2000) AS i;
CREATE STATISTICS both_columns ON a, b FROM statistics; ANALYZE statistics;
`;

describe.each([
  { major: 16, script: SINCE_16 },
  { major: 18, script: SINCE_16 + SINCE_18 },
])('PostgreSQL $major', ({ major, script }) => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await Lab.start({ server: { major } });
    await lab.database('newer', script);
  }, 60_000);
  afterAll(() => lab.stop());

  it('is the one asked for, among several', () => {
    expect([lab.server.major, lab.tools.major]).toEqual([major, major]);
  });

  it.each([
    { jobs: 1, restoreJobs: 1 },
    { jobs: 3, restoreJobs: 3 },
  ])(
    'what is new in it comes back, by $jobs and $restoreJobs',
    async ({ jobs, restoreJobs }) => {
      const point = await lab.point('newer', { jobs, contentHashTables: ['*.*'] });
      expect(point.manifest).toMatchObject({ server: { major }, client: {} });
      expect((await lab.verify(point, 'read')).outcome).toBe('passed');
      const report = await lab.restore(point, `newer_${jobs}`, { jobs: restoreJobs });
      expect(report.outcome).toBe('passed');
      const [before, after] = [await readContent(lab, 'newer'), await readContent(lab, `newer_${jobs}`)];
      expect(Object.keys(before.largeObjects)).toHaveLength(2300);
      expect(after).toEqual(before);
    },
    60_000,
  );

  it('a drill of it passes, but for what only a superuser makes', async () => {
    const withoutPower = script
      .replace(/^CREATE (?:SUBSCRIPTION|ROLE|PUBLICATION all_rows).*$/gm, '')
      .replace(/^GRANT keeper.*\n.*$/m, '');
    await lab.database('drilled', withoutPower);
    const made = await drill(lab, await backUp(lab, 'drilled', ['*.*']));
    expect(findings(made)).toBe('');
    expect(made).toMatchObject({ outcome: 'passed' });
  }, 60_000);
});
