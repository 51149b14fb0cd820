import { formatLsn } from '../../model';
import type { MomentTarget } from './types';

/** For people. */
export function describeTarget(target: MomentTarget): string {
  switch (target.kind) {
    case 'time':
      return target.at.toISOString();
    case 'lsn':
      return `position ${formatLsn(target.lsn)}`;
    case 'name':
      return `restore point ${JSON.stringify(target.name)}`;
    case 'latest':
      return 'the end of the archive';
  }
}
