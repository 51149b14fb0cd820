/**
 * A notice for Microsoft Teams: an adaptive card for the workflow "Post to a channel when a webhook request is received". All
 * text is in text runs, where nothing is markup.
 *
 * https://adaptivecards.io/explorer/TextRun.html
 */
import type { Notice, NoticeState } from './notice';
import { originLine, STATE_LABELS } from './wording';

const COLOURS: Readonly<Record<NoticeState, string>> = {
  alarm: 'Attention',
  recovered: 'Good',
  unknown: 'Default',
  information: 'Accent',
};

export function teamsBody(notice: Notice): object {
  const { state, title, detail, look, runbookUrl } = notice;
  const card = {
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    type: 'AdaptiveCard',
    version: '1.4',
    msteams: { width: 'Full' },
    body: [
      paragraph(title, {
        before: { text: `${STATE_LABELS[state]}: `, color: COLOURS[state] },
        weight: 'Bolder',
        size: 'Medium',
      }),
      ...(detail === undefined ? [] : [paragraph(detail)]),
      ...(look === undefined ? [] : [paragraph(look, { fontType: 'Monospace' })]),
      paragraph(originLine(notice), { isSubtle: true, size: 'Small' }),
    ],
    actions: runbookUrl === undefined ? [] : [{ type: 'Action.OpenUrl', title: 'Runbook', url: runbookUrl }],
  };
  return {
    type: 'message',
    attachments: [{ contentType: 'application/vnd.microsoft.card.adaptive', contentUrl: null, content: card }],
  };
}

interface Look {
  readonly before?: { readonly text: string; readonly color: string };
  readonly [property: string]: unknown;
}

function paragraph(content: string, { before, ...look }: Look = {}): object {
  // `{{DATE(…)}}` is the one thing that a card replaces in a text.
  const run = { type: 'TextRun', text: content.replaceAll('{{', '{ {'), ...look };
  return { type: 'RichTextBlock', inlines: before ? [{ type: 'TextRun', ...before, size: look.size }, run] : [run] };
}
