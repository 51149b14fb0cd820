/**
 * What a task is told through its environment: the constructs write it, the command line reads it. Each variable is
 * the fallback of the option of the same name (`POSTGRES_BACKUP_LOCK_TIMEOUT` of `--lock-timeout`), so a deployed task and a laptop
 * run the same command. Lists are JSON arrays of strings, because a table's or database's name may hold any character.
 * No secret is ever among them: a secret is named by its ARN and read at run time.
 *
 * The server is named by libpq's own variables (PGHOST, PGPORT, PGDATABASE, PGUSER, PGSSLMODE, PGSSLROOTCERT).
 */
export const ENVIRONMENT = {
  /** `s3://bucket[/prefix]`. */
  vault: 'POSTGRES_BACKUP_VAULT',
  source: 'POSTGRES_BACKUP_SOURCE',
  /** A retention class. */
  class: 'POSTGRES_BACKUP_CLASS',
  /** ISO 8601; the scheduler's own time of firing. Two tasks for one time make one recovery point. */
  scheduledAt: 'POSTGRES_BACKUP_SCHEDULED_AT',
  /** JSON list; empty or absent: the database of PGDATABASE or of the URL. */
  databases: 'POSTGRES_BACKUP_DATABASES',
  /** `true`: every database that accepts connections. */
  allDatabases: 'POSTGRES_BACKUP_ALL_DATABASES',
  /** `all`, `schema` or `data`. */
  content: 'POSTGRES_BACKUP_CONTENT',
  /** `true` or `false`. */
  globals: 'POSTGRES_BACKUP_GLOBALS',
  /** Tables dumped, or restored, at once. */
  jobs: 'POSTGRES_BACKUP_JOBS',
  /** zstd level, 1 to 19. */
  compressionLevel: 'POSTGRES_BACKUP_COMPRESSION_LEVEL',
  /** JSON list of `pg_dump` patterns. */
  criticalTables: 'POSTGRES_BACKUP_CRITICAL_TABLES',
  /** JSON list of `pg_dump` patterns. */
  ephemeralTables: 'POSTGRES_BACKUP_EPHEMERAL_TABLES',
  /** Fewer tables than this is a failure: the wrong or an empty database dumps "successfully". */
  minimumTables: 'POSTGRES_BACKUP_MINIMUM_TABLES',
  /** Seconds to wait for a locked table. */
  lockTimeout: 'POSTGRES_BACKUP_LOCK_TIMEOUT',
  /** Seconds until a run that has not finished is ended as failed. */
  deadline: 'POSTGRES_BACKUP_DEADLINE',
  /** ARN or name of a Secrets Manager secret: fields (host, port, username, password, dbname), or one URL. */
  secret: 'POSTGRES_BACKUP_SECRET',
  /** The JSON field of the secret that holds a DATABASE_URL, when the secret is not the bare URL. */
  secretUrlField: 'POSTGRES_BACKUP_SECRET_URL_FIELD',
  /** `true`: mint an RDS authentication token for every connection instead of a password. */
  iamAuthentication: 'POSTGRES_BACKUP_IAM_AUTHENTICATION',
  /** Of a verification: a recovery point with fewer rows is a failure. */
  minimumRows: 'POSTGRES_BACKUP_MINIMUM_ROWS',
  /** Of a verification: ARN of the key that every object must be encrypted with. */
  encryptionKey: 'POSTGRES_BACKUP_ENCRYPTION_KEY',
  /** Of a verification: seconds from when it was stored for which every object must be locked. */
  lockDuration: 'POSTGRES_BACKUP_LOCK_DURATION',
  /** Of the configuration: JSON list of names of SSM parameters. */
  parameters: 'POSTGRES_BACKUP_PARAMETERS',
  /** Of the configuration: JSON list of paths: all SSM parameters below. */
  parameterPaths: 'POSTGRES_BACKUP_PARAMETER_PATHS',
  /** Of the configuration: JSON list of names or ARNs of secrets. */
  secretValues: 'POSTGRES_BACKUP_SECRET_VALUES',
  /** Of the configuration: ARN of the key that the values are encrypted with, besides the vault's encryption. */
  envelopeKey: 'POSTGRES_BACKUP_ENVELOPE_KEY',
  /** Of files: JSON list of `name=/directory`. */
  volumes: 'POSTGRES_BACKUP_VOLUMES',
  /** Of files and base backups: seconds after which everything is stored again, not only what changed. */
  fullEvery: 'POSTGRES_BACKUP_FULL_EVERY',
  /** Of files: a volume with fewer is a failure: one that is not mounted is empty. */
  minimumFiles: 'POSTGRES_BACKUP_MINIMUM_FILES',
  /** Of a base backup: `true`: what changed since the newest verified one is stored, where that is known. */
  incremental: 'POSTGRES_BACKUP_INCREMENTAL',
  /** Of a base backup: `fast` or `spread`. */
  checkpoint: 'POSTGRES_BACKUP_CHECKPOINT',
  /** Of a base backup: `true`: the server is a standby. */
  fromStandby: 'POSTGRES_BACKUP_FROM_STANDBY',
  /** Of a base backup: seconds that the log it needs may take into the archive. */
  walTimeout: 'POSTGRES_BACKUP_WAL_TIMEOUT',
  /** Of a base backup with tablespaces: where archives lie on the way. */
  scratchDirectory: 'POSTGRES_BACKUP_SCRATCH_DIRECTORY',
  /** Of objects: JSON list of `MirrorSetting`. */
  mirrors: 'POSTGRES_BACKUP_MIRRORS',
  /** Of a run: JSON list of `mirror=SQL`, the queries for keys that rows refer to. */
  referenceQueries: 'POSTGRES_BACKUP_REFERENCE_QUERIES',
  /** Of objects: how many are on their way at once. */
  concurrency: 'POSTGRES_BACKUP_CONCURRENCY',
  /** Of objects: bytes a second that pass through the task. */
  bandwidthLimit: 'POSTGRES_BACKUP_BANDWIDTH_LIMIT',
  /** JSON of a `RetentionPolicy`: how long recovery points are kept. */
  retention: 'POSTGRES_BACKUP_RETENTION',
  /** JSON list of `pg_dump` patterns: tables whose content is hashed, for a drill to compare. */
  contentHashTables: 'POSTGRES_BACKUP_CONTENT_HASH_TABLES',
  /** Of a drill: JSON list of `SqlCheck`. */
  checks: 'POSTGRES_BACKUP_CHECKS',
  /** Of a drill: JSON list of extensions that may be made besides those known. */
  allowedExtensions: 'POSTGRES_BACKUP_ALLOWED_EXTENSIONS',
  /** Of a drill: seconds that a restore may take. */
  recoveryTimeObjective: 'POSTGRES_BACKUP_RECOVERY_TIME_OBJECTIVE',
} as const;

export type EnvironmentKey = keyof typeof ENVIRONMENT;

/** What functions are told besides, and no command has an option for. */
export const FUNCTION_ENVIRONMENT = {
  /** JSON list: the components that the function is for. */
  components: 'POSTGRES_BACKUP_COMPONENTS',
  /** JSON object: the `RetentionPolicy` of each component that has one of its own. */
  retentionOf: 'POSTGRES_BACKUP_RETENTION_OF',
  /** JSON list of `Destination`: where messages are posted to. */
  destinations: 'POSTGRES_BACKUP_DESTINATIONS',
  /** ARN of the secret that holds the address of a dead man's switch. */
  heartbeat: 'POSTGRES_BACKUP_HEARTBEAT',
  /** JSON of `Objectives`: how old the newest backup may be. */
  objectives: 'POSTGRES_BACKUP_OBJECTIVES',
  /** ARN of the topic that summaries are published to. */
  topic: 'POSTGRES_BACKUP_TOPIC',
  /** Of a day's report: when its summary is published, one of `SUMMARY_RULES`. */
  dailySummary: 'POSTGRES_BACKUP_DAILY_SUMMARY',
  /** JSON of `RunbookFacts`: what the stack alone knows of a restore. */
  runbook: 'POSTGRES_BACKUP_RUNBOOK',
  /** JSON of a `ManagedPromise`: which database of RDS or Aurora, and what its window must be like. */
  managedWindow: 'POSTGRES_BACKUP_MANAGED_WINDOW',
} as const;

/** Where the image keeps the certificates of Amazon RDS; what PGSSLROOTCERT names when no other CA is given. */
export const RDS_CA_BUNDLE_PATH = '/opt/postgres-backup/rds-ca-bundle.pem';

/** Where the image keeps the authorities that browsers trust (those that Node brings), for hosted databases elsewhere. */
export const PUBLIC_CA_BUNDLE_PATH = '/opt/postgres-backup/public-ca-bundle.pem';

/** PostgreSQL majors that the image is built for and the runtime is tested to accept. */
export const POSTGRES_MAJORS = [14, 15, 16, 17, 18] as const;
