import type { ArchivingWorld } from './archiving-world';
import { BUCKET } from './world';

/** pgBackRest by environment alone: its repository in the vault's bucket, compressed like ours. A name has a repository of its own. */
export async function pgBackRest(world: ArchivingWorld, name: string): Promise<Record<string, string>> {
  const { env, server } = world;
  const endpoint = new URL(env.AWS_ENDPOINT_URL_S3 ?? '');
  const connection = server.connection().env;
  return prefixed({
    config: '/dev/null',
    stanza: 'bench',
    repo1_type: 's3',
    repo1_path: `/peer/pgbackrest/${name}`,
    repo1_s3_bucket: BUCKET,
    repo1_s3_endpoint: endpoint.hostname,
    repo1_s3_region: env.AWS_REGION ?? '',
    repo1_s3_uri_style: 'path',
    repo1_s3_key: env.AWS_ACCESS_KEY_ID ?? '',
    repo1_s3_key_secret: env.AWS_SECRET_ACCESS_KEY ?? '',
    repo1_storage_port: endpoint.port,
    // It knows no certificate of an address.
    repo1_storage_verify_tls: 'n',
    pg1_path: world.dataDirectory,
    pg1_port: connection.PGPORT,
    pg1_socket_path: server.directory,
    pg1_user: connection.PGUSER,
    compress_type: 'zst',
    compress_level: '1',
    process_max: '2',
    start_fast: 'y',
    log_level_console: 'warn',
    log_level_file: 'off',
    spool_path: await world.directory(`pgbackrest-${name}/spool`),
    lock_path: await world.directory(`pgbackrest-${name}/lock`),
    log_path: await world.directory(`pgbackrest-${name}/log`),
  });
}

function prefixed(settings: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(settings).map(([name, value]) => [`PGBACKREST_${name.toUpperCase()}`, value]),
  );
}
