import { childEnvironment } from '../../../runtime/postgres/child-environment';

const before = { ...process.env };
afterEach(() => {
  process.env = before;
});

test('a tool gets its connection and nothing of ours: no credentials, no settings of the shell', () => {
  process.env = {
    PATH: '/usr/bin',
    HOME: '/home/backup',
    AWS_SECRET_ACCESS_KEY: 'secret',
    AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: '/secret',
    DATABASE_URL: 'postgres://secret',
    PGPASSWORD: 'of another server',
    PGCLIENTENCODING: 'LATIN1',
    PGOPTIONS: '-c row_security=on',
    LANG: 'de_DE.UTF-8',
  };
  expect(childEnvironment({ description: '', database: 'd', env: { PGHOST: 'h', PGDATABASE: 'd' } })).toEqual({
    PATH: '/usr/bin',
    HOME: '/home/backup',
    LC_ALL: 'C',
    TZ: 'UTC',
    PGAPPNAME: 'postgres-backup',
    PGCONNECT_TIMEOUT: '15',
    PGHOST: 'h',
    PGDATABASE: 'd',
  });
});

test('what the connection itself says about name and time-out stays', () => {
  const env = { PGAPPNAME: 'nightly', PGCONNECT_TIMEOUT: '3' };
  expect(childEnvironment({ description: '', database: 'd', env })).toMatchObject(env);
});
