import { createServer, type Server } from 'node:http';
import { json } from 'node:stream/consumers';
import { userInfo } from 'node:os';
import { openSession } from '../../../runtime/postgres/session';
import { resolveServer } from '../../../runtime/postgres/resolve-server';
import { findPsql } from '../../../runtime/postgres/tools';
import { Scratch } from './scratch-database';

const PASSWORD = 'hunter2';
const FIELDS = {
  engine: 'postgres',
  host: 'writer',
  port: 5433,
  username: 'backup',
  password: PASSWORD,
  dbname: 'orders',
};

/** A source whose secret is the given text. */
function withSecret(text: string, env: NodeJS.ProcessEnv = {}) {
  return resolveServer({ POSTGRES_BACKUP_SECRET: 'db-secret', ...env }, { readSecret: async () => text });
}

describe('from the variables of libpq', () => {
  test('they are taken as they are, with the database asked for in the place of their own', async () => {
    const source = resolveServer({
      PGHOST: 'h',
      PGPORT: '5433',
      PGUSER: 'u',
      PGPASSWORD: PASSWORD,
      PGDATABASE: 'd',
      PGSSLMODE: 'require',
    });
    expect(source.description).toBe('u@h:5433/d');
    const own = await source.open();
    expect(own).toEqual({
      description: 'u@h:5433/d',
      database: 'd',
      env: { PGHOST: 'h', PGPORT: '5433', PGUSER: 'u', PGPASSWORD: PASSWORD, PGDATABASE: 'd', PGSSLMODE: 'require' },
    });
    const other = await source.open('dbname=evil');
    expect(other).toMatchObject({ database: 'dbname=evil', env: { PGDATABASE: 'dbname=evil' } });
  });

  test("without a database it is the user's, as in libpq; without a user the system's", async () => {
    expect((await resolveServer({ PGUSER: 'u' }).open()).database).toBe('u');
    expect((await resolveServer({}).open()).database).toBe(userInfo().username);
  });

  test('an empty variable is an absent one', async () => {
    expect((await resolveServer({ PGUSER: 'u', PGHOST: '', PGDATABASE: '' }).open()).env).toEqual({
      PGUSER: 'u',
      PGDATABASE: 'u',
    });
  });

  test("what would change a dump, and what is none of PostgreSQL's, is left behind", async () => {
    const env = {
      PGUSER: 'u',
      PGCLIENTENCODING: 'LATIN1',
      PGTZ: 'x',
      PGDATESTYLE: 'German',
      AWS_SECRET_ACCESS_KEY: 'x',
    };
    expect((await resolveServer(env).open()).env).toEqual({ PGUSER: 'u', PGDATABASE: 'u' });
  });

  test.each([
    [{ PGSERVICE: 'x' }, 'PGSERVICE is set'],
    [{ PGSERVICEFILE: '/x' }, 'PGSERVICEFILE is set'],
    [{ PGSSLMODE: 'verify-ful' }, 'PGSSLMODE is "verify-ful"'],
    [{ PGPORT: '54x' }, 'PGPORT is "54x"'],
    [{ PGPORT: '70000' }, 'PGPORT is "70000"'],
    [{ POSTGRES_BACKUP_IAM_AUTHENTICATION: 'yes' }, 'POSTGRES_BACKUP_IAM_AUTHENTICATION is "yes"'],
  ])('%j is refused at once', (env, message) => {
    expect(() => resolveServer(env)).toThrow(message);
  });

  test("a database without a name is refused, not taken for the user's", async () => {
    await expect(resolveServer({ PGUSER: 'u' }).open('')).rejects.toMatchObject({ code: 'configuration-invalid' });
  });
});

describe('from DATABASE_URL', () => {
  const url = `postgres://u:${PASSWORD}@h:5433/d?sslmode=require`;

  test('it is completed by variables that say something else', async () => {
    const source = resolveServer({ DATABASE_URL: url, PGSSLROOTCERT: '/ca.pem', PGHOST: 'h' });
    expect((await source.open()).env).toMatchObject({ PGHOST: 'h', PGSSLROOTCERT: '/ca.pem', PGSSLMODE: 'require' });
    expect(source.description).toBe('u@h:5433/d');
  });

  test.each(['PGHOST', 'PGPORT', 'PGUSER', 'PGPASSWORD', 'PGDATABASE'])(
    'a %s that differs is refused, and no value shown',
    (name) => {
      const value = name === 'PGPORT' ? '1' : 'another';
      expect(() => resolveServer({ DATABASE_URL: url, [name]: value })).toThrow(
        `${name} is set and differs from DATABASE_URL`,
      );
    },
  );

  test.each([
    ['verify-full', 'verify-full'],
    ['disable', 'require'],
  ])('with PGSSLMODE=%s encryption is the stricter of the two, %s', async (mode, expected) => {
    const { env } = await resolveServer({ DATABASE_URL: url, PGSSLMODE: mode }).open();
    expect(env.PGSSLMODE).toBe(expected);
  });

  test('together with a secret it is refused', () => {
    expect(() => resolveServer({ DATABASE_URL: url, POSTGRES_BACKUP_SECRET: 's' })).toThrow('both set');
  });
});

describe('from a secret', () => {
  test('of fields as RDS makes them', async () => {
    const source = withSecret(JSON.stringify(FIELDS));
    expect(source.description).toBe('the secret db-secret');
    expect((await source.open()).env).toEqual({
      PGHOST: 'writer',
      PGPORT: '5433',
      PGUSER: 'backup',
      PGPASSWORD: PASSWORD,
      PGDATABASE: 'orders',
    });
    expect(source.description).toBe('backup@writer:5433/orders');
  });

  test('of user and password only, as RDS itself manages it, with the rest from the environment', async () => {
    const source = withSecret(JSON.stringify({ username: 'backup', password: PASSWORD }), {
      PGHOST: 'h',
      PGDATABASE: 'd',
    });
    expect((await source.open()).env).toEqual({ PGHOST: 'h', PGUSER: 'backup', PGPASSWORD: PASSWORD, PGDATABASE: 'd' });
  });

  test('PGHOST and PGDATABASE go before its fields: the secret of a cluster names the writer', async () => {
    const { env } = await withSecret(JSON.stringify(FIELDS), { PGHOST: 'reader', PGDATABASE: 'billing' }).open();
    expect(env).toMatchObject({ PGHOST: 'reader', PGDATABASE: 'billing', PGUSER: 'backup' });
  });

  test.each([
    ['bare', `postgres://u:${PASSWORD}@h/d?sslmode=require`, {}],
    ['with a line end', `postgres://u:${PASSWORD}@h/d?sslmode=require\n`, {}],
    [
      'in a field',
      JSON.stringify({ DB: `postgres://u:${PASSWORD}@h/d?sslmode=require` }),
      { POSTGRES_BACKUP_SECRET_URL_FIELD: 'DB' },
    ],
  ])('of one URL, %s; encryption stays as strict as the environment says', async (_how, text, env) => {
    const connection = await withSecret(text, { PGSSLMODE: 'verify-full', PGDATABASE: 'other', ...env }).open();
    expect(connection.env).toEqual({
      PGHOST: 'h',
      PGUSER: 'u',
      PGPASSWORD: PASSWORD,
      PGDATABASE: 'other',
      PGSSLMODE: 'verify-full',
    });
  });

  test.each([
    ['no JSON', `user=u password=${PASSWORD}`, {}, /neither a JSON object nor a connection URL/],
    ['a list', `["${PASSWORD}"]`, {}, /neither a JSON object/],
    ['cut off', `{"username": "u", "password": "${PASSWORD}`, {}, /neither a JSON object/],
    ['without a password', JSON.stringify({ username: 'u', host: PASSWORD }), {}, /no field "password"/],
    ['with an empty password', JSON.stringify({ ...FIELDS, password: '' }), {}, /no field "password"/],
    ['without a user', JSON.stringify({ password: PASSWORD }), {}, /no field "username"/],
    ['of MySQL', JSON.stringify({ ...FIELDS, engine: 'mysql' }), {}, /another engine/],
    ['with a wrong port', JSON.stringify({ ...FIELDS, port: '0' }), {}, /"port" that is none/],
    [
      'with a list for a password',
      JSON.stringify({ ...FIELDS, password: [PASSWORD] }),
      {},
      /"password" that is no text/,
    ],
    ['with two users', JSON.stringify({ ...FIELDS, user: 'other' }), {}, /both "username" and "user"/],
    ['without a host anywhere', JSON.stringify({ ...FIELDS, host: undefined }), {}, /names the host/],
    ['with another user than PGUSER', JSON.stringify(FIELDS), { PGUSER: 'other' }, /PGUSER is set and differs/],
    [
      'without the field of the URL',
      JSON.stringify(FIELDS),
      { POSTGRES_BACKUP_SECRET_URL_FIELD: 'X' },
      /no text in the field "X"/,
    ],
    [
      'with a URL for another host than PGHOST',
      `postgres://u:${PASSWORD}@h/d`,
      { PGHOST: 'i' },
      /PGHOST is set and differs/,
    ],
    ['with a broken URL', `postgres://u:${PASSWORD}@x@h/d`, {}, /the secret "db-secret" has more than one "@"/],
  ])('%s is refused on open, without any of its content', async (_what, text, env, message) => {
    const thrown = await withSecret(text, env as NodeJS.ProcessEnv)
      .open()
      .catch((error: unknown) => error);
    expect(thrown).toMatchObject({ code: 'configuration-invalid', message: expect.stringMatching(message) as string });
    expect(everythingSaid(thrown)).not.toContain(PASSWORD);
  });

  test('that holds a URL in a field says which field to name', async () => {
    await expect(withSecret(JSON.stringify({ MAIN_URL: 'postgres://h/d' })).open()).rejects.toMatchObject({
      hint: expect.stringContaining('"MAIN_URL"') as string,
    });
  });
});

describe('from AWS Secrets Manager', () => {
  let manager: SecretsManager;
  let scratch: Scratch;
  const before = { ...process.env };

  beforeAll(async () => {
    scratch = await Scratch.start();
    manager = await SecretsManager.start();
    Object.assign(process.env, {
      AWS_ENDPOINT_URL_SECRETS_MANAGER: manager.endpoint,
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
    });
  });

  afterAll(async () => {
    process.env = before;
    await manager.stop();
    await scratch.stop();
  });

  test('a rotation during a run is seen by its next connection', async () => {
    const { env } = scratch.connection();
    const secret = { host: env.PGHOST, port: scratch.server.port, username: 'rotating', dbname: 'postgres' };
    const psql = await findPsql();
    const admin = await scratch.open();
    const source = resolveServer({ POSTGRES_BACKUP_SECRET: 'rotated' });

    await admin.execute(`CREATE ROLE rotating LOGIN PASSWORD 'first'`);
    manager.text = JSON.stringify({ ...secret, password: 'first' });
    const session = await openSession(await source.open(), psql);

    await admin.execute(`ALTER ROLE rotating PASSWORD 'second'`);
    manager.text = JSON.stringify({ ...secret, password: 'second' });
    expect(await session.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    const next = await openSession(await source.open(), psql);
    await Promise.all([session.close(), next.close()]);
  });

  test('one that may not be read says which, and what the role needs', async () => {
    manager.text = undefined;
    await expect(resolveServer({ POSTGRES_BACKUP_SECRET: 'forbidden' }).open()).rejects.toMatchObject({
      code: 'secret-unreadable',
      message: 'cannot read the secret "forbidden"',
      detail: expect.stringContaining('AccessDeniedException') as string,
      hint: expect.stringContaining('secretsmanager:GetSecretValue') as string,
    });
  });

  test('one named by its ARN is read in the region of the ARN', async () => {
    manager.text = JSON.stringify(FIELDS);
    await resolveServer({
      POSTGRES_BACKUP_SECRET: 'arn:aws:secretsmanager:us-west-2:123456789012:secret:x-abcdef',
    }).open();
    expect(manager.region).toBe('us-west-2');
  });
});

describe('with IAM authentication', () => {
  const env = {
    PGHOST: 'orders.abc.eu-central-1.rds.amazonaws.com',
    PGUSER: 'backup',
    PGDATABASE: 'd',
    POSTGRES_BACKUP_IAM_AUTHENTICATION: 'true',
  };

  test('every connection has a token of its own, and is encrypted and verified', async () => {
    let minted = 0;
    const source = resolveServer(env, {
      mintToken: async ({ hostname, port, username }) => `${username}@${hostname}:${port}#${++minted}`,
    });
    const [first, second] = [await source.open(), await source.open('e')];
    expect(first.env).toMatchObject({
      PGPASSWORD: `backup@${env.PGHOST}:5432#1`,
      PGSSLMODE: 'verify-full',
      PGDATABASE: 'd',
    });
    expect(second.env).toMatchObject({ PGPASSWORD: `backup@${env.PGHOST}:5432#2`, PGDATABASE: 'e' });
  });

  test('the token is that of the AWS SDK: signed for host, user and region, for 15 minutes', async () => {
    const before = { ...process.env };
    Object.assign(process.env, {
      AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_REGION: 'us-east-1',
    });
    const { PGPASSWORD: token } = (await resolveServer({ ...env, PGPORT: '5433' }).open()).env;
    process.env = before;
    const { searchParams, host } = new URL(`https://${token}`);
    expect(host).toBe(`${env.PGHOST}:5433`);
    expect(Object.fromEntries(searchParams)).toMatchObject({
      Action: 'connect',
      DBUser: 'backup',
      'X-Amz-Expires': '900',
      'X-Amz-Credential': expect.stringMatching(/^AKIDEXAMPLE\/\d{8}\/eu-central-1\/rds-db\/aws4_request$/) as string,
    });
  });

  test.each([
    [{ PGHOST: undefined }, 'one host'],
    [{ PGUSER: undefined }, 'one user'],
    [{ PGHOST: 'a,b' }, 'one host'],
    [{ PGHOST: '/var/run' }, 'one host'],
    [{ PGPASSWORD: 'x' }, 'password is set as well'],
    [{ PGSSLMODE: 'prefer' }, 'PGSSLMODE is "prefer"'],
    [{ PGSSLMODE: 'disable' }, 'PGSSLMODE is "disable"'],
    [{ POSTGRES_BACKUP_SECRET: 'x' }, 'both set'],
  ])('%j is refused at once', (change, message) => {
    expect(() => resolveServer({ ...env, ...change })).toThrow(message);
  });
});

/** As much of AWS Secrets Manager as one call needs. */
class SecretsManager {
  /** What every secret holds; undefined: access denied. */
  text: string | undefined;
  region: string | undefined;

  private constructor(
    private readonly server: Server,
    readonly endpoint: string,
  ) {}

  static async start(): Promise<SecretsManager> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const manager = new SecretsManager(server, `http://127.0.0.1:${port}`);
    server.on('request', (request, response) => {
      void json(request).then((body) => {
        manager.region = /\/\d{8}\/([a-z0-9-]+)\/secretsmanager\//.exec(request.headers.authorization ?? '')?.[1];
        response.setHeader('content-type', 'application/x-amz-json-1.1');
        response.statusCode = manager.text === undefined ? 400 : 200;
        response.end(
          JSON.stringify(
            manager.text === undefined
              ? { __type: 'AccessDeniedException', Message: 'not authorized to perform: secretsmanager:GetSecretValue' }
              : { SecretString: manager.text, Name: (body as { SecretId: string }).SecretId },
          ),
        );
      });
    });
    return manager;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }
}

function everythingSaid(error: unknown): string {
  return error instanceof Error
    ? [error.message, error.stack, JSON.stringify(error), String(error.cause)].join('\n')
    : String(error);
}
