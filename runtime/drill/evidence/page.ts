import type { Evidence, EvidenceDay } from '../../../model';
import { formatCount, formatDuration, formatNumberOf, formatTime } from '../../observe/format';
import { html, type Html } from './html';
import { STYLE } from './style';
import { drillTable, pointTable, recordIndex } from './tables';

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
          ${drillTable(evidence)} ${recordIndex(evidence)} ${pointTable(evidence.points)}
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
