/** The runbook of a source, as Markdown: what there is, who may, which commands in which order, with the names that are so. Pure. */
import type { Component } from '../../model';

import { formatDuration, formatTime } from '../observe/format';
import { printable } from '../observe/printable';
import { VERSION } from '../version';
import type { RunbookSubject } from './gather-runbook';
import { runbookCommands } from './runbook-commands';

export function composeRunbook(subject: RunbookSubject): string {
  const { status, facts } = subject;
  const commands = runbookCommands(subject);
  const kept = (component: Component) => status.components.some((one) => one.component === component);
  const lines = [
    `# Restore ${status.source}`,
    '',
    `Made ${formatTime(status.at)} by postgres-backup ${VERSION}, from what lies in the vault${facts ? ` and what the stack ${printable(facts.stack)} (account ${printable(facts.account)}, ${printable(facts.region)}) left there` : ''}. No secret is in it.`,
    '',
    '## What there is',
    ...thereIs(subject),
    '',
    '## Who may',
    ...whoMay(subject),
    '',
    '## 1. Look',
    'Exit code 0 means that the newest backups are there and verified. If the newest are no good, the commands below take the newest that are.',
    ...fenced(commands.look),
    '',
    '## 2. Say where to',
    `Sign in to ${facts ? `account ${printable(facts.account)}, ${printable(facts.region)}` : 'the account of the vault'} as one of those who may, and to PostgreSQL as a role that may create databases: not the one that backs up. The password comes from \`PGPASSWORD\`, a password file, or \`--secret\`.`,
    ...fenced(commands.environment),
    '',
    '## 3. Say what would be done',
    ...fenced(commands.rehearse),
    '',
    '## 4. Do it',
    commands.isSet
      ? 'It stops the services named, restores in order, and starts them again, also when it fails half-way. Broken off, the same command goes on.'
      : 'There is no set: what was backed up at different times is restored one by one, and may not fit together. Stop what writes first.',
    ...fenced(commands.restore),
    ...(kept('files') ? ['', 'The directory for files is yours to choose: mount the volume there.'] : []),
    '',
    '## 5. Look again',
    ...fenced(commands.after),
  ];
  return `${lines.join('\n')}\n`;
}

function thereIs({ status, mirrors }: RunbookSubject): string[] {
  const { components, sets, drills, at } = status;
  const took = drills?.newestPassed;
  return [
    `- The vault: \`${printable(status.vault)}\``,
    sets?.newestGood
      ? `- The newest set that can be restored: ${sets.newestGood.set}, begun ${formatTime(sets.newestGood.begunAt)}: ${sets.newestGood.members.map(({ component }) => component).join(', ')}`
      : '- No set that can be restored.',
    ...components.map(({ component, newest }) =>
      newest
        ? `- ${component}: newest begun ${formatTime(newest.begunAt)}, ${newest.verification === 'passed' ? 'verified' : 'not verified'}${newest.serverVersion === null ? '' : `, of PostgreSQL ${printable(newest.serverVersion)}`}`
        : `- ${component}: **no recovery point**`,
    ),
    ...mirrors.map(
      ({ name, from, endpoint }) =>
        `- The mirror ${name} is of \`${printable(from)}\`${endpoint === null ? '' : ` at ${printable(endpoint)}`}`,
    ),
    took?.restoreMs
      ? `- The last drill that passed (${formatTime(took.begunAt)}) restored the database in ${formatDuration(took.restoreMs)}${took.projectedRestoreMs === null ? '' : `; with what there is now, about ${formatDuration(took.projectedRestoreMs)}`}`
      : '- How long a restore takes was never tried by a drill.',
    `- All times are UTC; it was ${formatTime(at)}.`,
  ];
}

function whoMay({ facts }: RunbookSubject): string[] {
  if (!facts || facts.restorers.length === 0) {
    return [
      '- The stack gave nobody `backup.grantRestore`. Whoever may read the bucket and use its key can restore: `RecoveryAccess` is a role for that.',
    ];
  }
  return facts.restorers.map((role) => `- \`${printable(role)}\``);
}

function fenced(commands: readonly string[]): string[] {
  return ['```', ...commands, '```'];
}
