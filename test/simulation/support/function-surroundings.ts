/** What the functions of a simulation live in. */
import type { Clock } from '../../../dev/aws/clock';
import type { MetricStore } from '../../../dev/aws/watch/metric-store';
import type { DeadLetters } from './dead-letters';
import type { Disturbances } from './disturbances';
import type { VaultStore } from './vault-store';

export interface FunctionSurroundings {
  readonly clock: Clock;
  readonly store: VaultStore;
  readonly metrics: MetricStore;
  readonly deadLetters: DeadLetters;
  readonly disturbances: Disturbances;
  /** `each time`: looks at the vault whenever the function is started, even where nothing changed. */
  readonly looks: 'each time' | 'after changes';
}
