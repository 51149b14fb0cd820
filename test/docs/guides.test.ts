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

const RUNBOOKS = readdirSync(path.join(ROOT, 'docs/runbooks')).map((name) => `docs/runbooks/${name}`);

const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');

const PROGRAM = allCommands(
  createProgram(
    realDependencies(() => undefined),
    async () => undefined,
  ),
);

describe('docs/command-line.md', () => {
  const guide = read('docs/command-line.md');

  test.each(PROGRAM.map((command): [string, Command] => [nameOf(command), command]))(
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
      ...PROGRAM.flatMap(({ options }) => options.map(({ long }) => long)),
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

describe('the runbooks', () => {
  const constructs = readdirSync(path.join(ROOT, 'lib')).map((name) => read(`lib/${name}`));
  const found = (pattern: RegExp) => constructs.flatMap((text) => [...text.matchAll(pattern)].map(([, name]) => name));

  test('name every alarm that a construct makes, and each that an alarm leads to is there', () => {
    const all = RUNBOOKS.map(read).join('\n');
    const alarms = found(/\.(?:continuous|occurrence)\('(\w+)'/g);
    expect(alarms.length).toBeGreaterThan(30);
    expect(alarms.filter((alarm) => !new RegExp(`\`([A-Za-z]+/)?${alarm}\``).test(all))).toEqual([]);
    const named = found(/runbook: '([\w-]+)'/g);
    expect(named.filter((name) => !RUNBOOKS.includes(`docs/runbooks/${name}.md`))).toEqual([]);
  });

  test.each(RUNBOOKS)('%s types only what there is', (runbook) => {
    const names = PROGRAM.map(nameOf);
    const options = new Set(PROGRAM.flatMap((command) => command.options.map(({ long }) => long)));
    const lines = [
      ...read(runbook)
        .replaceAll('\\\n', ' ')
        .matchAll(/postgres-backup( [^`\n|]*)/g),
    ];
    for (const [, typed] of lines) {
      const [word, next] = typed.trim().split(/\s+/);
      if (!/^[a-z]/.test(word)) continue;
      expect(names.some((name) => name === word || name === `${word} ${next}`)).toBe(true);
      const given = [...typed.matchAll(/(?<=\s)--[a-z][a-z-]*/g)].map(([option]) => option);
      expect(given.filter((option) => !options.has(option))).toEqual([]);
    }
  });
});

test.each([...GUIDES, ...RUNBOOKS])('the links of %s lead somewhere', (guide) => {
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
