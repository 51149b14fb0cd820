import type { DumpManifest } from '../../model';
import type { Content } from './content';
import type { Narrator } from './narrator';
import type { Scene } from './scene';

/** What every act is given. */
export interface Demonstration {
  readonly scene: Scene;
  readonly narrator: Narrator;
  readonly signal: AbortSignal;
}

/** The recovery point that was made. */
export interface MadePoint {
  readonly manifest: DumpManifest;
  readonly content: Content;
}
