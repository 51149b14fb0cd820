import { BackupError } from '../../runtime/errors';

/** The error that the work must end with. */
export async function failureOf(work: Promise<unknown>): Promise<BackupError> {
  const outcome = await work.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if (!('error' in outcome)) throw new Error(`it did not fail: ${JSON.stringify(outcome.value)}`);
  if (!(outcome.error instanceof BackupError)) throw outcome.error;
  return outcome.error;
}
