/** The guides say what the program says. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { FAILURE_CODES } from '../../model';
import { createProgram } from '../../runtime/cli/program';
import { realDependencies } from '../../runtime/cli/real-dependencies';

const ROOT = path.join(__dirname, '..', '..');
const GUIDES = [
  'README.md',
  ...readdirSync(path.join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');

describe('docs/command-line.md', () => {
  const guide = read('docs/command-line.md');
  const commands = allCommands(
    createProgram(
      realDependencies(() => undefined),
      async () => undefined,
    ),
  );

  test.each(commands.map((command): [string, Command] => [nameOf(command), command]))(
    'names every option and every variable of "%s"',
    (_name, command) => {
      const missing = command.options
        .flatMap((option) => [option.long ?? '', ...variableOf(option)])
        .filter((word) => !guide.includes(word.replace(/^POSTGRES_BACKUP_/, '')));
      expect(missing).toEqual([]);
    },
  );

  test('names no option that no command has', () => {
    const known = new Set([
      '--help',
      '--version',
      ...commands.flatMap(({ options }) => options.map(({ long }) => long)),
    ]);
    const named = [...guide.matchAll(/(?<![\w-])--[a-z][a-z-]*/g)].map(([option]) => option);
    expect(named.filter((option) => !known.has(option))).toEqual([]);
    expect(named.length).toBeGreaterThan(20);
  });
});

test('docs/preflight.md explains every failure code', () => {
  const guide = read('docs/preflight.md');
  expect(FAILURE_CODES.filter((code) => !guide.includes(`\`${code}\``))).toEqual([]);
});

test.each(GUIDES)('the links of %s lead somewhere', (guide) => {
  const links = [...read(guide).matchAll(/\]\(([^)#]*)(#[^)]*)?\)/g)].filter(([, target]) => !/^https?:/.test(target));
  const broken = links.filter(([, target, anchor]) => {
    const file = target === '' ? guide : path.join(path.dirname(guide), target);
    if (!existsSync(path.join(ROOT, file))) return true;
    return anchor !== undefined && !anchorsOf(read(file)).includes(anchor);
  });
  expect(broken.map(([link]) => link)).toEqual([]);
});

/** As GitHub makes them of headings. */
function anchorsOf(guide: string): string[] {
  return [...guide.matchAll(/^#+ (.*)$/gm)].map(
    ([, heading]) =>
      `#${heading
        .toLowerCase()
        .replace(/[^\w\- ]/g, '')
        .replaceAll(' ', '-')}`,
  );
}

function allCommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(allCommands)].filter(
    (one) => one.commands.length === 0 || one.registeredArguments.length > 0,
  );
}

function nameOf(command: Command): string {
  return command.parent?.parent ? `${command.parent.name()} ${command.name()}` : command.name();
}

function variableOf(option: object): string[] {
  return 'variable' in option && typeof option.variable === 'string' ? [option.variable] : [];
}
