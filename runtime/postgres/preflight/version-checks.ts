import { POSTGRES_MAJORS } from '../../../model';
import type { PreflightFinding } from '../../components/dump/types';
import { BackupError, toBackupError } from '../../errors';
import { outdatedClient } from '../outdated-client';
import type { ServerFacts } from '../server-facts';
import { findTools, type PostgresTools } from '../tools';
import { failed, passed, warning } from './finding';

/** Whether these client tools can make a dump of this server that restores into it. */

export function checkServerVersion(server: ServerFacts): PreflightFinding {
  const check = 'server version';
  if ((POSTGRES_MAJORS as readonly number[]).includes(server.major)) {
    return passed(check, `PostgreSQL ${server.version}${server.standby ? ', a standby' : ''}`);
  }
  const [oldest, newest] = [POSTGRES_MAJORS[0], POSTGRES_MAJORS[POSTGRES_MAJORS.length - 1]];
  return failed(
    check,
    new BackupError('version-unsupported', `the server is PostgreSQL ${server.version}`, {
      hint: `Versions ${oldest} to ${newest} are supported.`,
    }),
  );
}

/** `tools` absent: whether any of the server's version are installed here. */
export async function checkClient(
  server: ServerFacts,
  tools: PostgresTools | undefined,
  find: typeof findTools = findTools,
): Promise<PreflightFinding[]> {
  const check = 'client tools';
  try {
    const client = tools ?? (await find(server.major));
    if (client.major !== server.major) throw mismatch(client, server);
    const outdated = outdatedClient(client.version);
    const findings = [passed(check, `pg_dump ${client.version}, of the server's version ${server.major}`)];
    return outdated === undefined ? findings : [...findings, warning('client security', outdated)];
  } catch (thrown) {
    return [failed(check, toBackupError(thrown))];
  }
}

function mismatch(client: PostgresTools, server: ServerFacts): BackupError {
  return new BackupError(
    'version-mismatch',
    `pg_dump is of PostgreSQL ${client.major}, the server of ${server.major}`,
    {
      detail: `pg_dump ${client.version}, server ${server.version}`,
      hint: `Use the client tools (the image) of PostgreSQL ${server.major}: an older pg_dump refuses, a newer one writes what the server cannot read.`,
    },
  );
}
