import { styleText } from 'node:util';
import type { TextOutput } from './run-reporter';

/** Colours for what matters, and nothing else. */
export interface Style {
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly unsure: (text: string) => string;
  readonly faint: (text: string) => string;
  readonly strong: (text: string) => string;
}

export const plainStyle: Style = { good: same, bad: same, unsure: same, faint: same, strong: same };

const colours: Style = {
  good: coloured('green'),
  bad: coloured('red'),
  unsure: coloured('yellow'),
  faint: coloured('dim'),
  strong: coloured('bold'),
};

/** Colours only on a terminal that has them, and where nobody said NO_COLOR (https://no-color.org). */
export function styleFor(output: TextOutput, env: NodeJS.ProcessEnv): Style {
  const refused = env.NO_COLOR !== undefined && env.NO_COLOR !== '';
  const depth = output.isTTY && !refused ? (output.getColorDepth?.(env) ?? 1) : 1;
  return depth > 1 ? colours : plainStyle;
}

function same(text: string): string {
  return text;
}

/** Whether the stream has colours was asked in {@link styleFor}; by itself `styleText` would ask process.stdout. */
function coloured(format: Parameters<typeof styleText>[0]): (text: string) => string {
  return (text) => styleText(format, text, { validateStream: false });
}
