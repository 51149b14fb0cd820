/**
 * A notice for a webhook of Discord: one embed, in which Markdown is escaped and nobody can be mentioned.
 *
 * https://discord.com/developers/docs/resources/webhook#execute-webhook
 */
import type { Notice, NoticeState } from './notice';
import { originLine, STATE_LABELS } from './wording';

const COLOURS: Readonly<Record<NoticeState, number>> = {
  alarm: 0xd32f2f,
  recovered: 0x388e3c,
  unknown: 0x9e9e9e,
  information: 0x1976d2,
};

export function discordBody(notice: Notice): object {
  const { state, title, detail, look, runbookUrl, at } = notice;
  // Escaping doubles a text at most, so that all of it stays below the 4096 characters of a description.
  const lines = [
    `${STATE_LABELS[state]}: **${escaped(title)}**`,
    ...(detail === undefined ? [] : [escaped(detail)]),
    ...(look === undefined ? [] : ['```', inCodeBlock(look), '```']),
    ...(runbookUrl === undefined ? [] : [`[Runbook](${inLink(runbookUrl)})`]),
  ];
  return {
    allowed_mentions: { parse: [] },
    embeds: [
      {
        description: lines.join('\n'),
        color: COLOURS[state],
        footer: { text: originLine(notice) },
        timestamp: at.toISOString(),
      },
    ],
  };
}

/** Also the `:` of an address, which would become a link, and the `@` of a mention. */
function escaped(content: string): string {
  return content.replace(/[\\*_~`|<>#[\]()@:-]/g, '\\$&');
}

/** Nothing can be escaped in a code block; what would end it is another sign. */
function inCodeBlock(content: string): string {
  return content.replaceAll('`', "'");
}

function inLink(url: string): string {
  return url.replace(/[()<>\\]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}
