/** The query parameters of a connection URL: which libpq variable each one is, and why others are refused. */

/** libpq's parameters (PostgreSQL documentation, 34.1.2) that have an environment variable. */
export const PARAMETER_VARIABLES: Readonly<Record<string, string>> = {
  host: 'PGHOST',
  hostaddr: 'PGHOSTADDR',
  port: 'PGPORT',
  dbname: 'PGDATABASE',
  user: 'PGUSER',
  password: 'PGPASSWORD',
  passfile: 'PGPASSFILE',
  require_auth: 'PGREQUIREAUTH',
  channel_binding: 'PGCHANNELBINDING',
  connect_timeout: 'PGCONNECT_TIMEOUT',
  options: 'PGOPTIONS',
  application_name: 'PGAPPNAME',
  sslmode: 'PGSSLMODE',
  sslnegotiation: 'PGSSLNEGOTIATION',
  sslcompression: 'PGSSLCOMPRESSION',
  sslcert: 'PGSSLCERT',
  sslkey: 'PGSSLKEY',
  sslcertmode: 'PGSSLCERTMODE',
  sslrootcert: 'PGSSLROOTCERT',
  sslcrl: 'PGSSLCRL',
  sslcrldir: 'PGSSLCRLDIR',
  sslsni: 'PGSSLSNI',
  requirepeer: 'PGREQUIREPEER',
  ssl_min_protocol_version: 'PGSSLMINPROTOCOLVERSION',
  ssl_max_protocol_version: 'PGSSLMAXPROTOCOLVERSION',
  min_protocol_version: 'PGMINPROTOCOLVERSION',
  max_protocol_version: 'PGMAXPROTOCOLVERSION',
  gssencmode: 'PGGSSENCMODE',
  krbsrvname: 'PGKRBSRVNAME',
  gsslib: 'PGGSSLIB',
  gssdelegation: 'PGGSSDELEGATION',
  target_session_attrs: 'PGTARGETSESSIONATTRS',
  load_balance_hosts: 'PGLOADBALANCEHOSTS',
};

/** What libpq would take for these; a value that is none of them is a typo, and a typo in `sslmode` costs the encryption. */
export const PARAMETER_VALUES: Readonly<Record<string, readonly string[]>> = {
  PGSSLMODE: ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'],
  PGSSLNEGOTIATION: ['postgres', 'direct'],
  PGSSLCERTMODE: ['disable', 'allow', 'require'],
  PGCHANNELBINDING: ['disable', 'prefer', 'require'],
  PGGSSENCMODE: ['disable', 'prefer', 'require'],
  PGTARGETSESSIONATTRS: ['any', 'read-write', 'read-only', 'primary', 'standby', 'prefer-standby'],
  PGLOADBALANCEHOSTS: ['disable', 'random'],
};

const OWN_KEEPALIVES = 'Keepalives are set by postgres-backup itself. Remove it.';

/** Parameters that others put into such URLs, and the sentence that helps. */
export const FOREIGN_PARAMETERS: Readonly<Record<string, string>> = {
  schema: "That is Prisma's; a backup takes every schema. Remove it.",
  pgbouncer: "That is Prisma's; connect to the server itself, not to a pooler, and remove it.",
  connection_limit: "That is Prisma's; remove it.",
  pool_timeout: "That is Prisma's; remove it.",
  statement_cache_size: "That is Prisma's; remove it.",
  sslaccept: "That is Prisma's; write sslmode=verify-full or sslmode=require.",
  socket_timeout: "That is Prisma's; remove it.",
  ssl: 'Write sslmode=verify-full, or sslmode=require when the certificate cannot be checked.',
  currentSchema: "That is JDBC's; a backup takes every schema. Remove it.",
  search_path: 'A backup takes every schema. Remove it.',
  timezone: 'A backup does not depend on it. Remove it.',
  client_encoding: 'A dump keeps the encoding of its database. Remove it.',
  replication: 'A dump needs an ordinary connection. Remove it.',
  service:
    'A service file could name another database than the one asked for. Write host, port, user and database instead.',
  fallback_application_name: 'Write application_name.',
  sslpassword: 'libpq has no variable for it. Use a key without a passphrase.',
  keepalives: OWN_KEEPALIVES,
  keepalives_idle: OWN_KEEPALIVES,
  keepalives_interval: OWN_KEEPALIVES,
  keepalives_count: OWN_KEEPALIVES,
  tcp_user_timeout: OWN_KEEPALIVES,
};
