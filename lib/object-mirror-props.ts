import { Size } from 'aws-cdk-lib';
import { ContinuousMirroring } from './continuous-mirroring';
import { ObjectSource } from './object-source';
import { ScheduledComponentProps } from './scheduled-component';

/**
 * How buckets are mirrored.
 */
export interface ObjectMirrorProps extends ScheduledComponentProps {
  /**
   * Objects on their way at once, 1 to 512.
   *
   * @default 64
   */
  readonly concurrency?: number;

  /**
   * How much may pass through the task in a second. What S3 copies by itself does not pass through it.
   *
   * @default - no limit
   */
  readonly bandwidthLimit?: Size;

  /**
   * Whether objects are mirrored between the runs, too, as soon as they are written. Of buckets of S3 alone: other stores tell of
   * nothing, and what passes through the task waits for it.
   *
   * @default - by the runs alone
   */
  readonly continuous?: ContinuousMirroring;
}

/**
 * What is mirrored.
 */
export interface MirrorOptions {
  /** Where the objects are. */
  readonly from: ObjectSource;

  /**
   * Only keys that begin with one of these.
   *
   * @default - all
   */
  readonly include?: string[];

  /**
   * Not keys that begin with one of these.
   *
   * @default - none
   */
  readonly exclude?: string[];

  /**
   * Whether tags are kept. Without them, copying an object needs one request less.
   *
   * @default true
   */
  readonly tags?: boolean;

  /**
   * Whether every byte passes through the task, even where S3 could copy by itself.
   *
   * @default false
   */
  readonly throughTask?: boolean;

  /**
   * About how many objects there are or will be; a warning says when listing or copying them takes too long.
   *
   * @default - not stated
   */
  readonly estimatedObjects?: number;

  /**
   * About how large they are in all; a warning says when that is too much to pass through the task.
   *
   * @default - not stated
   */
  readonly estimatedSize?: Size;
}
