import { parseDatabaseUrl } from '../../../runtime/postgres/database-url';

const SECRET = 'hunter2';

test('a usual URL becomes the variables of libpq', () => {
  expect(
    parseDatabaseUrl('postgresql://backup:p%40ss@db.internal:5433/orders?sslmode=verify-full&sslrootcert=/ca.pem'),
  ).toEqual({
    PGUSER: 'backup',
    PGPASSWORD: 'p@ss',
    PGHOST: 'db.internal',
    PGPORT: '5433',
    PGDATABASE: 'orders',
    PGSSLMODE: 'verify-full',
    PGSSLROOTCERT: '/ca.pem',
  });
});

const TAKEN: [string, Record<string, string>][] = [
  ['postgres://', {}],
  ['postgres://h', { PGHOST: 'h' }],
  ['postgres://h/', { PGHOST: 'h' }],
  ['postgres:///orders', { PGDATABASE: 'orders' }],
  ['postgres://u@h', { PGUSER: 'u', PGHOST: 'h' }],
  ['postgres://u:@h', { PGUSER: 'u', PGHOST: 'h' }],
  ['postgres://u:a:b@h', { PGUSER: 'u', PGPASSWORD: 'a:b', PGHOST: 'h' }],
  ['postgres://u:a+b%2Bc@h', { PGUSER: 'u', PGPASSWORD: 'a+b+c', PGHOST: 'h' }],
  ['postgres://[::1]:5433/x', { PGHOST: '::1', PGPORT: '5433', PGDATABASE: 'x' }],
  ['postgres://a:1,b,[::1]:3/x', { PGHOST: 'a,b,::1', PGPORT: '1,,3', PGDATABASE: 'x' }],
  ['postgres://%2Fvar%2Frun/x', { PGHOST: '/var/run', PGDATABASE: 'x' }],
  ['postgres:///x?host=/var/run&port=5433', { PGHOST: '/var/run', PGPORT: '5433', PGDATABASE: 'x' }],
  ['postgres://h/dbname%3Dx', { PGHOST: 'h', PGDATABASE: 'dbname=x' }],
  ['postgres://h/a%20b%0Ac%2Fd', { PGHOST: 'h', PGDATABASE: 'a b\nc/d' }],
  ['postgres://h/x?application_name=nightly%20run', { PGHOST: 'h', PGDATABASE: 'x', PGAPPNAME: 'nightly run' }],
];

test.each(TAKEN)('%s is taken as libpq takes it', (url, variables) => {
  expect(parseDatabaseUrl(url)).toEqual(variables);
});

const REFUSED: [string, RegExp, RegExp][] = [
  [`postgres://u:${SECRET}@x@h/d`, /more than one "@"/, /%40/],
  [`postgres://u:${SECRET}/x@h/d`, /"@" behind a "\/" or "\?"/, /%2F/],
  [`postgres://u:${SECRET}?x@h/d`, /"@" behind a "\/" or "\?"/, /%3F/],
  [`postgres://u:${SECRET}#x@h/d`, /holds "#"/, /%23/],
  [`postgres://u:${SECRET}@h/d#x`, /holds "#"/, /%23/],
  [`postgres://u:${SECRET} x@h/d`, /U\+0020/, /%20/],
  [`postgres://u:${SECRET}@h/d\n`, /U\+000A/, /%0A/],
  [`postgres://u:${SECRET}@h/d\t`, /U\+0009/, /%09/],
  [`postgres://u:${SECRET}\u00a0@h/d`, /U\+00A0/, /%C2%A0/],
  [`postgres://u:${SECRET}%@h/d`, /wrong percent code in the password/, /%25/],
  [`postgres://u:${SECRET}%zz@h/d`, /wrong percent code in the password/, /%25/],
  [`postgres://u:${SECRET}%00@h/d`, /wrong percent code in the password/, /%00/],
  [`postgres://u:${SECRET}%ff@h/d`, /wrong percent code in the password/, /%25/],
  [`postgres://:${SECRET}@h/d`, /"@" without a user/, /user/],
  [`postgres://u:${SECRET}@h:0/d`, /port "0"/, /1 to 65535/],
  [`postgres://u:${SECRET}@h:65536/d`, /port "65536"/, /1 to 65535/],
  [`postgres://u:${SECRET}@h:5432x/d`, /port "5432x"/, /1 to 65535/],
  [`postgres://u:${SECRET}@[::1/d`, /host that cannot be read/, /brackets/],
  [`postgres://u:${SECRET}@::1/d`, /host that cannot be read/, /brackets/],
  [`postgres://u:${SECRET}@h/d/e`, /second "\/"/, /%2F/],
  [`postgres://u:${SECRET}@h/d?sslmode=require&sslmode=disable`, /names sslmode twice/, /one of them/],
  [`postgres://u:${SECRET}@h/d?host=other`, /names host twice/, /one of them/],
  [`postgres://u:${SECRET}@h/d?password=other`, /names password twice/, /one of them/],
  [`postgres://u:${SECRET}@h/d?dbname=e`, /names dbname twice/, /one of them/],
  [`postgres://u:${SECRET}@h/d?sslmode=verify-ful`, /sslmode="verify-ful"/, /verify-full/],
  [`postgres://u:${SECRET}@h/d?sslmode=`, /sslmode=""/, /verify-full/],
  [`postgres://u:${SECRET}@h/d?connect_timeout=`, /empty "connect_timeout"/, /remove/],
  [`postgres://u:${SECRET}@h/d?sslmod=require`, /parameter "sslmod"/, /correct its name/],
  [`postgres://u:${SECRET}@h/d?schema=public`, /parameter "schema"/, /Prisma/],
  [`postgres://u:${SECRET}@h/d?pgbouncer=true`, /parameter "pgbouncer"/, /pooler/],
  [`postgres://u:${SECRET}@h/d?connection_limit=5`, /parameter "connection_limit"/, /Prisma/],
  [`postgres://u:${SECRET}@h/d?service=x`, /parameter "service"/, /service file/],
  [`postgres://u:${SECRET}@h/d?constructor=x`, /parameter "constructor"/, /correct its name/],
  [`postgres://u:${SECRET}@h/d?keepalives=0`, /parameter "keepalives"/, /itself/],
  [`postgres://u@h/d?password=${SECRET}&${SECRET}x=1`, /a parameter/, /Remove/],
  [`postgres://u@h/d?password=${SECRET}=x`, /not name=value/, /%3D/],
  [`postgres://u@h/d?x&y`, /not name=value/, /%26/],
  [`postgres://u:${SECRET}@h/d?port=99999`, /port="99999"/, /65535/],
  [`mysql://u:${SECRET}@h/d`, /no PostgreSQL URL/, /postgresql:/],
  [`jdbc:postgresql://u:${SECRET}@h/d`, /no PostgreSQL URL/, /postgresql:/],
  [`POSTGRES://u:${SECRET}@h/d`, /no PostgreSQL URL/, /lower case/],
  [`host=h user=u password=${SECRET}`, /U\+0020/, /%20/],
  [SECRET, /no PostgreSQL URL/, /postgresql:/],
];

test.each(REFUSED)('%j is refused with what is wrong and what to write, without the password', (url, message, hint) => {
  let thrown: unknown;
  try {
    parseDatabaseUrl(url);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toMatchObject({
    code: 'configuration-invalid',
    message: expect.stringMatching(message) as string,
    hint: expect.stringMatching(hint) as string,
  });
  expect(everythingSaid(thrown)).not.toContain(SECRET);
});

function everythingSaid(error: unknown): string {
  return error instanceof Error
    ? [error.message, error.stack, JSON.stringify(error), String(error.cause)].join('\n')
    : String(error);
}
