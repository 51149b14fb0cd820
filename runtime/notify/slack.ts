/**
 * A notice for an incoming webhook of Slack. All text is in rich text blocks, where nothing is markup: a name can mention
 * nobody and be no link.
 *
 * https://docs.slack.dev/reference/block-kit/blocks/rich-text-block
 */
import type { Notice } from './notice';
import { originLine, STATE_LABELS } from './wording';

export function slackBody(notice: Notice): object {
  const { state, title, detail, look, runbookUrl } = notice;
  const label = STATE_LABELS[state];
  return {
    // What the notification on a phone shows; the one text that Slack would read markup in.
    text: escaped(`${label}: ${title}`),
    mrkdwn: false,
    unfurl_links: false,
    unfurl_media: false,
    blocks: [
      {
        type: 'rich_text',
        elements: [
          section(text(`${label}: `), { ...text(title), style: { bold: true } }),
          ...(detail === undefined ? [] : [section(text(detail))]),
          ...(look === undefined ? [] : [{ type: 'rich_text_preformatted', elements: [text(look)] }]),
          ...(runbookUrl === undefined ? [] : [section({ type: 'link', url: runbookUrl, text: 'Runbook' })]),
          section({ ...text(originLine(notice)), style: { italic: true } }),
        ],
      },
    ],
  };
}

function section(...elements: readonly object[]): object {
  return { type: 'rich_text_section', elements };
}

function text(content: string): object {
  return { type: 'text', text: content };
}

/** https://docs.slack.dev/messaging/formatting-message-text#escaping */
function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
