/**
 * What is told to people, before it takes the form of a place: every text in it is one line, bounded, and has nothing in it
 * that steers a terminal or turns writing around. What would be markup in a place is that place's form to escape.
 */
import type { DestinationKind } from '../../model';
import { printable } from '../observe/printable';

export type NoticeState = 'alarm' | 'recovered' | 'unknown' | 'information';

export interface Notice {
  readonly state: NoticeState;
  /** What is the matter, in one sentence that can stand alone. */
  readonly title: string;
  readonly detail?: string;
  /** A command to type. */
  readonly look?: string;
  /** `https:` only. */
  readonly runbookUrl?: string;
  readonly at: Date;
  readonly origin: NoticeOrigin;
}

export interface NoticeOrigin {
  readonly source?: string;
  readonly component?: string;
  /** Name of the alarm. */
  readonly alarm?: string;
  readonly region?: string;
  readonly account?: string;
}

const LIMITS_CHARS = { title: 250, detail: 800, look: 500, runbookUrl: 500, origin: 255 } as const;

/** A notice of texts that others chose. */
export function createNotice(raw: Notice): Notice {
  return {
    state: raw.state,
    title: line(raw.title, LIMITS_CHARS.title) ?? 'a message without words',
    detail: line(raw.detail, LIMITS_CHARS.detail),
    look: line(raw.look, LIMITS_CHARS.look),
    runbookUrl: webAddress(raw.runbookUrl),
    at: raw.at,
    origin: eachLine({ ...raw.origin }),
  };
}

/** What is sent to see whether messages arrive. */
export function testNotice(source: string, vaultUri: string, kind: DestinationKind, at: Date): Notice {
  return createNotice({
    state: 'information',
    title: `${source}: this is a test. Alarms of its backups can be posted here`,
    detail: `Sent by hand to ${kind}; nothing is wrong.`,
    look: `postgres-backup status --vault ${vaultUri} --source ${source}`,
    at,
    origin: { source },
  });
}

function eachLine(texts: Readonly<Record<string, string | undefined>>): NoticeOrigin {
  return Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, line(text, LIMITS_CHARS.origin)]));
}

function line(text: string | undefined, limitChars: number): string | undefined {
  if (text === undefined) return undefined;
  // By characters, not by halves of them; those of a name with many escapes count as they are shown.
  const characters = Array.from(printable(text.trim()));
  if (characters.length === 0) return undefined;
  return characters.length <= limitChars ? characters.join('') : `${characters.slice(0, limitChars - 1).join('')}…`;
}

function webAddress(text: string | undefined): string | undefined {
  const url = line(text, LIMITS_CHARS.runbookUrl);
  if (url === undefined || !URL.canParse(url)) return undefined;
  const parsed = new URL(url);
  return parsed.protocol === 'https:' && parsed.username === '' && parsed.password === '' ? parsed.href : undefined;
}
