import { BackupError } from '../errors';

/** The most that Amazon RDS gives at once. */
export const PAGE_RECORDS = 100;

/** There is a snapshot for each of at most 35 days: what needs more pages is something else. */
const PAGES = 10;

/** All pages of an answer, or an error: a part of them would look like all. */
export async function allPages<Page>(pages: AsyncIterable<Page>, what: string): Promise<readonly Page[]> {
  const read: Page[] = [];
  for await (const page of pages) {
    if (read.length >= PAGES) {
      throw new BackupError('store-unreachable', `Amazon RDS tells of more than ${PAGES * PAGE_RECORDS} ${what}`, {
        hint: 'There are a few dozen at most; please report it.',
      });
    }
    read.push(page);
  }
  return read;
}
