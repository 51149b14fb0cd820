import { discordBody } from '../../../runtime/notify/discord';
import { testNotice, type Notice } from '../../../runtime/notify/notice';
import { readMessage } from '../../../runtime/notify/read-message';
import { slackBody } from '../../../runtime/notify/slack';
import { teamsBody } from '../../../runtime/notify/teams';
import { webhookBody } from '../../../runtime/notify/webhook';
import { alarmMessage, crossed, MISSING, NOW, topicMessage } from './alarms';

const FORMS = { slack: slackBody, discord: discordBody, teams: teamsBody, webhook: webhookBody };
const NOTICES: Record<string, Notice> = {
  alarm: readMessage(alarmMessage(), NOW),
  recovered: readMessage(alarmMessage({ state: 'OK', reason: crossed('2520.0', 'was not greater than', 90_000) }), NOW),
  silence: readMessage(alarmMessage({ reason: MISSING, state: 'INSUFFICIENT_DATA' }), NOW),
  'a stranger': readMessage(topicMessage('the disk is full'), NOW),
  test: testNotice('orders', 's3://acme-vault', 'slack', NOW),
};

describe.each(Object.entries(FORMS))('to %s', (_name, form) => {
  test.each(Object.entries(NOTICES))('%s reads like this', (_kind, notice) => {
    expect(form(notice)).toMatchSnapshot();
  });
});

/** What a name could try: mentions, links, bold, the end of a code block, a macro of a card. */
const FORGED =
  '<!channel> @everyone <@U1> [click](https://evil.example) **x** `y` ```z``` https://evil.example {{DATE(1)}} \\';
const forged = readMessage(alarmMessage({ metric: 'X', what: FORGED, look: FORGED, reason: FORGED }), NOW);

describe('a name that forges', () => {
  test('stays plain text in every part of a message to Slack', () => {
    const { text, ...rest } = slackBody(forged) as { text: string };
    expect(text).not.toMatch(/[<>]/);
    expect(text).toContain('&lt;!channel&gt;');
    expect(kindsOf(rest)).toEqual(
      ['italic', 'bold', 'link', 'rich_text', 'rich_text_preformatted', 'rich_text_section', 'text'].sort(),
    );
    expect(linksOf(rest)).toEqual([expect.stringContaining('/docs/runbooks/backup-too-old.md')]);
  });

  test('is escaped for Discord, mentions nobody, and does not leave the code block', () => {
    const { allowed_mentions: mentions, embeds } = discordBody(forged) as {
      allowed_mentions: unknown;
      embeds: { description: string }[];
    };
    expect(mentions).toEqual({ parse: [] });
    const [title, detail, begin, look, end, link] = embeds[0].description.split('\n');
    for (const line of [title.replace(/^🔴 Alarm: \*\*(.*)\*\*$/, '$1'), detail]) {
      // Every sign that Markdown knows has its backslash.
      expect(line.replace(/\\./g, '')).toMatch(/^[\w\s!/.,{}…]*$/);
    }
    expect([begin, end]).toEqual(['```', '```']);
    expect(look).not.toContain('`');
    expect(link).toMatch(/^\[Runbook\]\(https:\/\/github\.com\/[^()]*\)$/);
  });

  test('is a text run for Teams, and its macro is broken', () => {
    const body = JSON.stringify(teamsBody(forged));
    expect(body).not.toContain('"TextBlock"');
    expect(body).not.toContain('{{');
    expect(body).toContain('{ {DATE(1)}}');
  });

  test('a runbook’s address cannot leave its link', () => {
    const notice = readMessage(alarmMessage({ runbook: 'https://example.com/a) [x](https://evil.example' }), NOW);
    const body = JSON.stringify(discordBody(notice));
    expect(body).toContain('[Runbook](https://example.com/a%29%20[x]%28https://evil.example)');
  });
});

test('the longest message of all is within what each place takes', () => {
  const long = '*'.repeat(3000);
  const notice = readMessage(
    alarmMessage({
      metric: 'X',
      what: long,
      look: long,
      reason: long,
      runbook: `https://example.com/${'a'.repeat(470)}`,
    }),
    NOW,
  );
  const { embeds } = discordBody(notice) as { embeds: { description: string; footer: { text: string } }[] };
  expect(embeds[0].description.length).toBeLessThanOrEqual(4096);
  expect(embeds[0].footer.text.length).toBeLessThanOrEqual(2048);
  expect(Buffer.byteLength(JSON.stringify(teamsBody(notice)))).toBeLessThan(28_000);
  const { text } = slackBody(notice) as { text: string };
  expect(text.length).toBeLessThan(4000);
});

/** All `type`s, and all names of styles that are set. */
function kindsOf(value: unknown): string[] {
  const kinds = new Set<string>();
  JSON.stringify(value, (key, part: unknown) => {
    if (key === 'type') kinds.add(part as string);
    if (part === true) kinds.add(key);
    return part;
  });
  return [...kinds].sort();
}

function linksOf(value: unknown): string[] {
  const links: string[] = [];
  JSON.stringify(value, (key, part: unknown) => {
    if (key === 'url') links.push(part as string);
    return part;
  });
  return links;
}
