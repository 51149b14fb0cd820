import { usageError } from '../../../errors';
import { describePath, parentOf, pathFromText, pathProblem, type FileEntry } from '../entry';

/** Which entries of a volume are restored: all, or what lies at or below some paths, with the directories on the way there. */
export class Selection {
  private readonly paths: string[];
  private readonly found = new Set<string>();
  /** Directories on the way, and files that a wanted hard link is another name of. */
  private readonly besides = new Set<string>();

  /**
   * @param paths as a person gives them, from the volume's directory; empty for everything
   * @param exactly in place of them: these and nothing below them, as an index spells them
   */
  constructor(
    paths: readonly string[],
    private readonly exactly?: ReadonlySet<string>,
  ) {
    this.paths = paths.map(pathOfArgument);
    [...this.paths, ...(exactly ?? [])].forEach((path) => this.addParents(path));
  }

  /** Looks at everything once, in order: only then is it known what is needed besides. */
  survey(entry: FileEntry): void {
    if (!this.isNamed(entry.path) || entry.type !== 'hard link' || entry.linkTarget === undefined) return;
    if (this.isNamed(entry.linkTarget)) return;
    this.besides.add(entry.linkTarget);
    this.addParents(entry.linkTarget);
  }

  wants(path: string): boolean {
    return this.isNamed(path) || this.besides.has(path);
  }

  /** Paths that nothing was found at, as they were given. */
  get missing(): string[] {
    return this.paths.filter((path) => !this.found.has(path)).map(describePath);
  }

  private isNamed(path: string): boolean {
    if (this.exactly) return this.exactly.has(path);
    if (this.paths.length === 0) return true;
    const naming = this.paths.filter((one) => one === '' || path === one || path.startsWith(`${one}/`));
    naming.forEach((one) => this.found.add(one));
    return naming.length > 0;
  }

  private addParents(path: string): void {
    for (let parent = parentOf(path); parent !== undefined; parent = parentOf(parent)) this.besides.add(parent);
  }
}

function pathOfArgument(text: string): string {
  const path = pathFromText(text.replace(/^(\.\/)+/, '').replace(/\/+$/, ''));
  const problem = path === '.' ? undefined : pathProblem(path);
  if (problem !== undefined) {
    throw usageError(
      `--path ${JSON.stringify(text)} is no path below the volume: ${problem}`,
      'Give it as `media/2026`.',
    );
  }
  return path === '.' ? '' : path;
}
