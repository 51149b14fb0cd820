import type { Outcome } from '../../../model';
import type { Style } from '../../observe/style';

/** Green, red, and yellow for what is not known. */
export function outcomeColour(outcome: Outcome, style: Style): (text: string) => string {
  switch (outcome) {
    case 'passed':
      return style.good;
    case 'failed':
      return style.bad;
    case 'could not verify':
      return style.unsure;
  }
}
