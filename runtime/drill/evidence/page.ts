import type { Evidence, EvidenceDay, EvidentDrill, EvidentPoint } from '../../../model';
import { formatBytes, formatCount, formatDuration, formatNumberOf, formatTime } from '../../observe/format';
import { html, type Html } from './html';
import { STYLE } from './style';

/** Listed; all are in the figures. A page for people has an end. */
const MOST_POINTS = 400;

/** The evidence as one page that needs nothing else: no script, no font, no picture; to be read, kept and printed. */
export function evidencePage(evidence: Evidence): string {
  const { source, vault, at, from } = evidence;
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'" />
        <title>Backups of ${source}: evidence</title>
        <style>
          ${STYLE}
        </style>
      </head>
      <body>
        <header>
          <h1>Backups of ${source}: what could be restored, and what was proven</h1>
          <p class="soft">
            ${formatTime(new Date(from))} to ${formatTime(new Date(at))} · ${vault} · made by postgres-backup
            ${evidence.tool.version}
          </p>
        </header>
        <main>
          ${figures(evidence)}
          <h2>Coverage by day</h2>
          <p class="soft">
            Restorable of made recovery points, by the day (UTC) of the moment that they restore. Framed: one of them
            was restored in a drill, and was as it was.
          </p>
          <div class="days">${evidence.days.map(dayBox)}</div>
          ${drillTable(evidence)} ${chain(evidence)} ${pointTable(evidence.points)}
        </main>
      </body>
    </html> `;
  return page.markup;
}

function figures({ points, drills, objectives, days }: Evidence): Html {
  const restorable = points.filter(({ outcome }) => outcome === 'passed');
  const covered = days.filter((day) => day.restorable > 0).length;
  const passed = drills.filter(({ outcome }) => outcome === 'passed');
  const {
    longestGapSeconds: gap,
    recoveryPointObjectiveSeconds,
    slowestRestoreMs,
    recoveryTimeObjectiveSeconds,
  } = objectives;
  return html`<div class="figures">
    ${figure(`${formatCount(restorable.length)} of ${formatCount(points.length)}`, 'recovery points restorable (verified)', restorable.length === points.length && points.length > 0)}
    ${figure(`${covered} of ${days.length}`, 'days with a restorable moment', covered === days.length)}
    ${figure(`${passed.length} of ${drills.length}`, 'drills passed', drills.length > 0 && passed.length === drills.length)}
    ${figure(gap === null ? 'none' : formatDuration(gap * 1000), withObjective('longest time without a restorable moment', recoveryPointObjectiveSeconds), isMet(gap, recoveryPointObjectiveSeconds))}
    ${figure(slowestRestoreMs === null ? 'none' : formatDuration(slowestRestoreMs), withObjective('slowest restore in a drill', recoveryTimeObjectiveSeconds), isMet(slowestRestoreMs === null ? null : slowestRestoreMs / 1000, recoveryTimeObjectiveSeconds))}
  </div>`;
}

function figure(value: string, what: string, isGood: boolean | undefined): Html {
  return html`<div class="figure">
    <b class="${isGood === undefined ? 'soft' : isGood ? 'good' : 'bad'}">${value}</b>${what}
  </div>`;
}

function withObjective(what: string, objectiveSeconds: number | null): string {
  return objectiveSeconds === null
    ? `${what} (no objective stated)`
    : `${what} (objective ${formatDuration(objectiveSeconds * 1000)})`;
}

/** Nothing to say where nothing was stated; not met where nothing was measured. */
function isMet(measuredSeconds: number | null, objectiveSeconds: number | null): boolean | undefined {
  if (objectiveSeconds === null) return measuredSeconds === null ? false : undefined;
  return measuredSeconds !== null && measuredSeconds <= objectiveSeconds;
}

function dayBox({ day, made, restorable, proven }: EvidenceDay): Html {
  const state = restorable === 0 ? 'none' : restorable === made ? 'all' : 'some';
  const title = `${day}: ${restorable} of ${formatNumberOf(made, 'recovery point')} restorable, ${proven} proven`;
  return html`<div class="day ${state}${proven > 0 ? ' proven' : ''}" title="${title}">
    ${day.slice(5)}<b>${restorable}/${made}</b>
  </div>`;
}

function drillTable({ drills }: Evidence): Html {
  if (drills.length === 0)
    return html`<h2>Drills</h2>
      <p class="bad">None in this period: nothing was proven.</p>`;
  return html`<h2>Drills</h2>
    <table>
      <thead>
        <tr>
          <th>drill</th>
          <th>outcome</th>
          <th>restored</th>
          <th>in</th>
          <th>objective</th>
          <th>comparisons</th>
          <th>checks</th>
        </tr>
      </thead>
      <tbody>
        ${drills.map(drillRow)}
      </tbody>
    </table>`;
}

function drillRow(drill: EvidentDrill): Html {
  const { recoveryTimeObjectiveSeconds: objective, restoreMs } = drill;
  return html`<tr>
    <td>${formatTime(new Date(drill.startedAt))}<br /><code>${drill.drill}</code></td>
    <td>
      ${outcomeWord(drill.outcome)}${
        drill.issues.length === 0
          ? ''
          : html`<ul>
              ${drill.issues.slice(0, 10).map((issue) => html`<li>${issue}</li>`)}
            </ul>`
      }
    </td>
    <td><code>${drill.point ?? 'nothing'}</code></td>
    <td class="number">${restoreMs === null ? '–' : formatDuration(restoreMs)}</td>
    <td class="number">${objective === null ? '–' : formatDuration(objective * 1000)}</td>
    <td class="number">${drill.comparisons.passed} of ${drill.comparisons.of}</td>
    <td class="number">${drill.checks.passed} of ${drill.checks.of}</td>
  </tr> `;
}

function chain({ drills, chainProblems }: Evidence): Html {
  const verdict =
    chainProblems.length === 0
      ? html`<p class="good">✓ Every record that another names is there, unchanged.</p>`
      : html`<p class="bad">✗ The chain of records is broken:</p>
          <ul>
            ${chainProblems.map((problem) => html`<li class="bad">${problem}</li>`)}
          </ul>`;
  return html`<h2>Index of records</h2>
    <p class="soft">
      Each record names the one before it with its SHA-256, from the first drill on. Fetch one from the vault and
      compare: <code>sha256sum drill.json</code>.
    </p>
    ${verdict}
    <table>
      <thead>
        <tr>
          <th>record</th>
          <th>SHA-256</th>
        </tr>
      </thead>
      <tbody>
        ${drills.map(
          ({ key, sha256 }) =>
            html`<tr>
              <td><code>${key}</code></td>
              <td><code>${sha256}</code></td>
            </tr>`,
        )}
      </tbody>
    </table>`;
}

function pointTable(points: readonly EvidentPoint[]): Html {
  if (points.length === 0)
    return html`<h2>Recovery points</h2>
      <p class="bad">None in this period.</p>`;
  const left = points.length - MOST_POINTS;
  return html`<h2>Recovery points</h2>
    <table>
      <thead>
        <tr>
          <th>moment</th>
          <th>class</th>
          <th>outcome</th>
          <th>drill</th>
          <th>kept</th>
          <th>size</th>
          <th>rows</th>
          <th>took</th>
        </tr>
      </thead>
      <tbody>
        ${points.slice(0, MOST_POINTS).map(pointRow)}
      </tbody>
    </table>
    ${left > 0 ? html`<p class="soft">and ${formatCount(left)} older; --json has all of them</p>` : ''}`;
}

function pointRow(point: EvidentPoint): Html {
  const { storedBytes, items, durationMs, drill } = point;
  return html`<tr>
    <td>${formatTime(new Date(point.startedAt))}<br /><code>${point.point}</code></td>
    <td>${point.class}</td>
    <td>${outcomeWord(point.outcome)}</td>
    <td>${drill === null ? '–' : outcomeWord(drill.outcome)}</td>
    <td>${point.kept ? 'yes' : 'ended'}</td>
    <td class="number">${storedBytes === null ? '–' : formatBytes(storedBytes)}</td>
    <td class="number">${items === null ? '–' : formatCount(items)}</td>
    <td class="number">${durationMs === null ? '–' : formatDuration(durationMs)}</td>
  </tr> `;
}

function outcomeWord(outcome: EvidentPoint['outcome']): Html {
  const [kind, sign] = SIGNS[outcome];
  return html`<span class="${kind}">${sign} ${outcome}</span>`;
}

const SIGNS = {
  passed: ['good', '✓'],
  failed: ['bad', '✗'],
  'could not verify': ['unsure', '?'],
  pending: ['unsure', '…'],
} as const;
