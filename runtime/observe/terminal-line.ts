/** One step as a line of a given width. Pure. */
import { formatDuration } from './format';
import { amountText, percent, rateText, type Progress } from './run-reporter';
import type { Style } from './style';

export interface RunningStep extends Progress {
  readonly name: string;
  detail: string;
  readonly beganMs: number;
  doneBytes: number;
}

const NAME_COLUMNS = 22;
const BAR_COLUMNS = 24;
const AMOUNT_COLUMNS = 22;
/** A bar is drawn where the figures beside it still have room. */
const COLUMNS_FOR_BAR = 90;
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

export function runningLine(step: RunningStep, nowMs: number, columns: number, style: Style): string {
  const share = percent(step);
  const bar = share === undefined || columns < COLUMNS_FOR_BAR ? '' : `${style.good(progressBar(share))}  `;
  const visibleBar = bar === '' ? 0 : BAR_COLUMNS + 2;
  const amount = amountText(step);
  const rate = amount === '' ? '' : rateText(step, nowMs);
  const figures = [amount.padEnd(AMOUNT_COLUMNS), rate, step.detail].filter((text) => text.trim() !== '').join('  ');
  const name = `  ${step.name.padEnd(NAME_COLUMNS)}`;
  const room = columns - name.length - visibleBar - 1;
  return room < 8 ? clip(`${name}${figures}`, columns - 1) : `${name}${bar}${clip(figures.trimEnd(), room)}`.trimEnd();
}

export function doneLine(step: RunningStep, summary: string, nowMs: number, style: Style): string {
  const took = formatDuration(nowMs - step.beganMs);
  return `  ${step.name.padEnd(NAME_COLUMNS)}${summary ? `${summary.padEnd(BAR_COLUMNS)}  ` : ''}${style.faint(took)}`;
}

export function failedLine(step: RunningStep, reason: string, style: Style): string {
  return `  ${step.name.padEnd(NAME_COLUMNS)}${style.bad('failed')}  ${reason}`;
}

/** `██████████████▍` padded to its width: eighths of a column, so that it moves every half per cent. */
function progressBar(share: number): string {
  const eighths = Math.round((share / 100) * BAR_COLUMNS * 8);
  return `${'█'.repeat(Math.floor(eighths / 8))}${EIGHTHS[eighths % 8]}`.padEnd(BAR_COLUMNS);
}

function clip(text: string, columns: number): string {
  const characters = Array.from(text);
  return characters.length <= columns ? text : `${characters.slice(0, Math.max(0, columns - 1)).join('')}…`;
}
