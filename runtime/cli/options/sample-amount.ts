import { InvalidArgumentError } from 'commander';
import type { SampleRequest } from '../../components/component';

export type SampleAmount = Exclude<SampleRequest['amount'], undefined>;

/** `1000`: so many objects; `5%`, `0.1%`: so many in a hundred. */
export function sampleAmount(text: string): SampleAmount {
  const objects = /^\d{1,12}$/.test(text) ? Number(text) : NaN;
  if (objects >= 1) return { objects };
  const percent = /^\d{1,3}(\.\d{1,6})?%$/.test(text) ? Number(text.slice(0, -1)) : NaN;
  if (percent > 0 && percent <= 100) return { percent };
  throw new InvalidArgumentError('Give a whole number from 1, or a share such as 5% or 0.1%.');
}
