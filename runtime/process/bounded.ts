/**
 * Runs the jobs, at most `limit` at once, in order of the list; the results in the same order. The first failure stops
 * the others through `onFailure`, waits until they ended, and is thrown.
 */
export async function runBounded<Job, Result>(
  jobs: readonly Job[],
  limit: number,
  work: (job: Job, index: number) => Promise<Result>,
  onFailure: (error: unknown) => void,
): Promise<Result[]> {
  const results: Result[] = [];
  let next = 0;
  let failure: { readonly error: unknown } | undefined;
  const worker = async (): Promise<void> => {
    while (next < jobs.length && !failure) {
      const index = next++;
      try {
        results[index] = await work(jobs[index], index);
      } catch (error) {
        if (!failure) {
          failure = { error };
          onFailure(error);
        }
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, jobs.length) }, worker));
  if (failure) throw failure.error;
  return results;
}
