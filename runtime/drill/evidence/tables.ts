/** The tables of the page. */
import type { Evidence, EvidentDrill, EvidentPoint } from '../../../model';
import { formatBytes, formatCount, formatDuration, formatTime } from '../../observe/format';
import { html, type Html } from './html';

/** Listed; all are in the figures. A page for people has an end. */
const MOST_POINTS = 400;
/** Of one drill. */
const MOST_ISSUES = 10;

/** Every drill of the period. */
export function drillTable({ drills }: Evidence): Html {
  if (drills.length === 0)
    return html`<h2>Drills</h2>
      <p class="bad">None in this period: nothing was proven.</p>`;
  return html`<h2>Drills</h2>
    <table>
      <thead>
        <tr>
          <th>drill</th>
          <th>of</th>
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
  const issues = drill.issues.slice(0, MOST_ISSUES);
  return html`<tr class="${issues.length === 0 ? '' : 'told'}">
      <td>${formatTime(new Date(drill.startedAt))}<br /><code class="id">${drill.drill}</code></td>
      <td>${drill.component}</td>
      <td>${outcomeWord(drill.outcome)}</td>
      <td>
        <code class="id">${drill.point ?? 'nothing'}</code>${drill.scope === '' ? '' : html`<br />${drill.scope}`}
      </td>
      <td class="number">${restoreMs === null ? '–' : formatDuration(restoreMs)}</td>
      <td class="number">${objective === null ? '–' : formatDuration(objective * 1000)}</td>
      <td class="number">${passedOf(drill.comparisons)}</td>
      <td class="number">${passedOf(drill.checks)}</td>
    </tr>
    ${issues.length === 0 ? '' : issuesRow(issues, drill.issues.length - issues.length)}`;
}

/** Below the drill, over the whole width. */
function issuesRow(issues: readonly string[], left: number): Html {
  return html`<tr class="issues">
    <td colspan="8">
      <ul>
        ${issues.map((issue) => html`<li>${issue}</li>`)}
        ${left > 0 ? html`<li>and ${formatCount(left)} more, in its record</li>` : ''}
      </ul>
    </td>
  </tr>`;
}

function passedOf({ passed, of }: EvidentDrill['checks']): string {
  return of === 0 ? '–' : `${passed} of ${of}`;
}

/** Where the records lie, with their digests, and whether the chain holds. */
export function recordIndex({ drills, chainProblems }: Evidence): Html {
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

/** Every recovery point of the period. */
export function pointTable(points: readonly EvidentPoint[]): Html {
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
    <td>${formatTime(new Date(point.startedAt))}<br /><code class="id">${point.point}</code></td>
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
