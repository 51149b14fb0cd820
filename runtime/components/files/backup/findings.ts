import type { FilesCounts } from '../../../../model';
import { formatNumberOf } from '../../../observe/format';
import { describePath, type EntryType } from '../entry';

/** So many of each kind are named. */
const MOST_NAMED = 10;

/** What a run finds in a volume: counted, and the first of each kind named. */
export class Findings {
  private readonly types: Record<EntryType, number> = { file: 0, directory: 0, 'symbolic link': 0, 'hard link': 0 };
  private contentBytes = 0;
  private stored = 0;
  private unchanged = 0;
  private deleted = 0;
  private readonly special = new Named();
  private readonly vanished = new Named();
  private readonly changed = new Named();

  foundStored({ type, sizeBytes }: { readonly type: EntryType; readonly sizeBytes: number }): void {
    this.stored += 1;
    this.types[type] += 1;
    this.contentBytes += sizeBytes;
  }

  foundUnchanged({ type, sizeBytes }: { readonly type: EntryType; readonly sizeBytes: number }): void {
    this.unchanged += 1;
    this.types[type] += 1;
    this.contentBytes += sizeBytes;
  }

  foundDeleted(): void {
    this.deleted += 1;
  }

  foundSpecial(path: string, kind: string): void {
    this.special.add(`${describePath(path)} (${kind})`);
  }

  foundVanished(path: string): void {
    this.vanished.add(describePath(path));
  }

  foundChanging(path: string): void {
    this.changed.add(describePath(path));
  }

  get files(): number {
    return this.types.file + this.types['hard link'];
  }

  /** Whether something was seen to change while it was read. */
  get sawChange(): boolean {
    return this.changed.count + this.vanished.count + this.special.count > 0;
  }

  counts(): FilesCounts {
    return {
      files: this.types.file,
      directories: this.types.directory,
      symbolicLinks: this.types['symbolic link'],
      hardLinks: this.types['hard link'],
      contentBytes: this.contentBytes,
      stored: this.stored,
      unchanged: this.unchanged,
      deleted: this.deleted,
      changedWhileRead: this.changed.count,
      vanished: this.vanished.count,
      special: this.special.count,
    };
  }

  /** For the manifest and the person. */
  warnings(volume: string): string[] {
    return [
      this.special.sentence(
        (all) => `${formatNumberOf(all, 'socket, pipe or device', 'sockets, pipes and devices')} not backed up`,
      ),
      this.changed.sentence((all) => `${formatNumberOf(all, 'file')} changed while read, stored again by the next run`),
      this.vanished.sentence((all) => `${formatNumberOf(all, 'name')} gone before it could be read`),
    ].flatMap((sentence) => (sentence === undefined ? [] : [`volume ${volume}: ${sentence}`]));
  }
}

class Named {
  count = 0;
  private readonly names: string[] = [];

  add(name: string): void {
    this.count += 1;
    if (this.names.length < MOST_NAMED) this.names.push(name);
  }

  sentence(words: (all: number) => string): string | undefined {
    if (this.count === 0) return undefined;
    const more = this.count > this.names.length ? ', …' : '';
    return `${words(this.count)}: ${this.names.join(', ')}${more}`;
  }
}
