/**
 * One kind of thing that is backed up. The value is a part of every key in the vault.
 */
export enum BackupComponent {
  /** Logical backups with `pg_dump`. */
  DUMP = 'dump',
  /** Physical backups with `pg_basebackup`. */
  BASE_BACKUP = 'base-backup',
  /** The write-ahead log. */
  WAL = 'wal',
  /** Objects mirrored from another bucket. */
  OBJECTS = 'objects',
  /** Files of a volume. */
  FILES = 'files',
  /** Settings, secrets and certificates. */
  CONFIGURATION = 'configuration',
  /** Qdrant collections. */
  QDRANT = 'qdrant',
  /** n8n workflows and credentials. */
  N8N = 'n8n',
}
