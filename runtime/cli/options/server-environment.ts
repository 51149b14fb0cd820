import { ENVIRONMENT } from '../../../model';
import { usageError } from '../../errors';
import type { SharedOptions } from './shared-options';

/** The environment that names the server, with what the options say put in. */
export function serverEnvironment(env: NodeJS.ProcessEnv, options: Partial<SharedOptions>): NodeJS.ProcessEnv {
  return {
    ...env,
    ...(options.secret !== undefined && { [ENVIRONMENT.secret]: options.secret }),
    ...(options.secretUrlField !== undefined && { [ENVIRONMENT.secretUrlField]: options.secretUrlField }),
    ...(options.iamAuthentication !== undefined && {
      [ENVIRONMENT.iamAuthentication]: String(options.iamAuthentication),
    }),
  };
}

/**
 * A restore fills a database, so somebody must have said which. libpq itself would take one named like the user on this
 * very machine.
 */
export function requireTargetDatabase(env: NodeJS.ProcessEnv): void {
  const naming = ['PGDATABASE', 'DATABASE_URL', ENVIRONMENT.secret];
  if (naming.some((name) => env[name] !== undefined && env[name] !== '')) return;
  throw usageError(
    'it is not said which database to fill',
    'Set PGHOST, PGDATABASE and PGUSER, or DATABASE_URL, to the database to restore into.',
  );
}
