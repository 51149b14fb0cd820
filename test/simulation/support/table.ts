/** How long nobody knew, as a table of the guide. */
import type { Detection } from './detection';

/** Between these lines of the guide stands what was measured. */
export const TABLE_BEGINS = '<!-- measured by test/simulation: begin -->';
export const TABLE_ENDS = '<!-- measured by test/simulation: end -->';

export const TABLE_HEAD = [
  '| fault | alarms, each with its time to detection | promised | over again after |',
  '|---|---|---|---|',
];

export function tableRow({ fault, alarms, recoveredAfterSeconds }: Detection): string {
  const told = alarms.map(({ name, afterSeconds }) => `\`${name}\` ${inWords(afterSeconds)}`);
  const cells = [
    fault.name,
    told.join(', ') || `none: ${fault.silence}`,
    fault.alarms.length > 0 ? inWords(fault.withinSeconds) : '–',
    alarms.length > 0 && recoveredAfterSeconds !== undefined ? inWords(recoveredAfterSeconds) : '–',
  ];
  return `| ${cells.join(' | ')} |`;
}

/** In whole minutes, rounded up, and in hours from two. */
function inWords(seconds: number): string {
  const minutes = Math.ceil(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  const rest = minutes % 60;
  return rest === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${rest} min`;
}
