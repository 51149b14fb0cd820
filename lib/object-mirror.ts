import { Annotations, Duration, Lazy, Stack, Token } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { ENVIRONMENT, MirrorSetting, mirrorNameProblem, OLDEST_LISTING_HOURS } from '../model';
import { AlarmFactory } from './alarm-factory';
import { BackupComponent } from './backup-component';
import { IBackupVault } from './backup-vault-props';
import { MirrorEvents } from './mirror-events';
import { MirrorOptions, ObjectMirrorProps } from './object-mirror-props';
import { sizeProblems } from './mirror-size';
import { ObjectSource } from './object-source';
import { shortestRun } from './backup-schedules';
import { addScratchVolume } from './scratch-volume';
import { ScheduledComponent } from './scheduled-component';
import { SetSchedule } from './set-schedule';

/**
 * Mirrors buckets into the vault on a schedule: what is new or changed is copied as a version of its own, nothing is ever deleted
 * there, and each recovery point is an inventory of which version was at the source under which key.
 *
 * One for a source; it may have several mirrors, which make one recovery point together.
 */
export class ObjectMirror extends ScheduledComponent {
  /**
   * What mirrors between the runs; if that is asked for.
   *
   * @default - nothing does
   */
  public readonly events?: MirrorEvents;

  private readonly vault: IBackupVault;
  private readonly sets?: SetSchedule;
  private readonly limits: Pick<ObjectMirrorProps, 'concurrency' | 'bandwidthLimit'>;
  private readonly mirrors = new Map<string, MirrorSetting>();
  private readonly sources: ObjectSource[] = [];
  private readonly readers: iam.IGrantable[] = [];
  private isWatched = false;

  constructor(scope: Construct, id: string, props: ObjectMirrorProps) {
    super(scope, id, props, {
      component: BackupComponent.OBJECTS,
      command: ['backup', 'objects'],
      environment: {
        [ENVIRONMENT.mirrors]: Lazy.string({ produce: () => Stack.of(this).toJsonString([...this.mirrors.values()]) }),
        ...(props.concurrency !== undefined && { [ENVIRONMENT.concurrency]: atOnce(props.concurrency) }),
        ...(props.bandwidthLimit && { [ENVIRONMENT.bandwidthLimit]: String(props.bandwidthLimit.toBytes()) }),
      },
    });
    this.vault = props.vault;
    this.sets = props.sets;
    this.limits = props;
    if (props.continuous) this.events = new MirrorEvents(this, 'Events', { ...props, continuous: props.continuous });
    this.node.addValidation({
      validate: () =>
        this.mirrors.size > 0 ? [] : ['it mirrors nothing: call addMirror(name, { from: ObjectSource.bucket(…) })'],
    });
  }

  /**
   * Adds a bucket to what is mirrored.
   *
   * @param name of the mirror: a part of every key in the vault, so it never changes
   * @param options what is mirrored
   */
  public addMirror(name: string, options: MirrorOptions): void {
    const problem = mirrorNameProblem(name);
    if (problem) throw new Error(`mirror name '${name}' is not usable: ${problem}`);
    if (this.mirrors.has(name)) throw new Error(`${this.node.path} has a mirror '${name}' already`);
    const { include, exclude, tags, throughTask } = options;
    const setting: MirrorSetting = {
      name,
      ...options.from._bind(this.task),
      ...prefixes('include', include),
      ...prefixes('exclude', exclude),
      ...(tags === false && { tags }),
      ...(throughTask && { throughHere: true }),
    };
    this.prepare(setting, options);
    this.mirrors.set(name, this.betweenRuns(setting, options.from));
    if (setting.listings === undefined) this.warnOfSize(setting, options);
  }

  /** @internal */
  public override _letVerify(verifier: iam.IGrantable): void {
    this.vault.grantReadMirrors(verifier, this.sourceName);
    this.letRead(verifier);
  }

  /** @internal */
  public override _letDrill(drill: iam.IGrantable): void {
    this.letRead(drill);
  }

  /** @internal */
  public override _letExpire(retainer: iam.IGrantable): void {
    this.vault.grantExpireMirrored(retainer, this.sourceName);
  }

  /** @internal */
  public override get _dataLag(): Duration {
    return Duration.hours(this.isListed ? OLDEST_LISTING_HOURS : 0);
  }

  /** @internal */
  public override _alarms(factory: AlarmFactory): cloudwatch.Alarm[] {
    this.isWatched = true;
    return this.events?._alarms(factory) ?? [];
  }

  /** What of the data is not in the vault. */
  private letRead(reader: iam.IGrantable): void {
    this.readers.push(reader);
    for (const source of this.sources) source._letRead(reader);
  }

  /** One of the mirrors is of lists by S3. */
  private get isListed(): boolean {
    return [...this.mirrors.values()].some(({ listings }) => listings !== undefined);
  }

  /** What the task needs of the vault, or of a disk; and who verifies or drills, of the source. Mirrors may be added after these. */
  private prepare({ name, listings, throughHere }: MirrorSetting, { from }: MirrorOptions): void {
    const problem = from._problem(this.plan);
    if (problem) throw new Error(`mirror '${name}': ${problem}`);
    for (const reader of this.readers) from._letRead(reader);
    this.sources.push(from);
    if (listings === undefined) {
      this.vault.grantMirror(this.task, this.sourceName, name);
      return;
    }
    // To know what the last recovery point had, and so what is gone.
    this.vault.grantBuildOn(this.task, this.sourceName, BackupComponent.OBJECTS);
    if (throughHere)
      throw new Error(`mirror '${name}' is a replica, of which nothing passes through the task: take throughTask out`);
    this.warnOfOldList(name);
    if (this.isListed) return;
    if (this.isWatched)
      throw new Error(
        `mirror '${name}' is of lists that may be ${OLDEST_LISTING_HOURS} hours old, and the alarms of ${this.node.path} were made ` +
          'without knowing: add it before the other mirrors, or before the component is added to its backup',
      );
    // Lists are sorted on disk.
    addScratchVolume(this.task);
  }

  /** Also by events, where they are asked for and there are any. */
  private betweenRuns(setting: MirrorSetting, from: ObjectSource): MirrorSetting {
    if (!this.events || setting.throughHere) return setting;
    const bound = from._bindEvents(this.events.function, setting);
    if (!bound) return setting;
    const continuous: MirrorSetting = { ...setting, continuous: true };
    this.events._addMirror(continuous, bound);
    this.vault.grantReadMirrorJournal(this.task, this.sourceName, setting.name);
    return continuous;
  }

  /** Rows are of now, a list is not. */
  private warnOfOldList(name: string): void {
    if (!this.sets?._asksFor(name, this.plan)) return;
    Annotations.of(this).addWarningV2(
      `cdk-postgres-backup:referencesOfReplica:${name}`,
      `the references of sets to mirror '${name}' are held against a list by S3 that is up to ${OLDEST_LISTING_HOURS} hours old: ` +
        'rows that refer to newer objects make the set one that could not be verified, and none to restore. Let the query leave ' +
        `out rows of the last ${OLDEST_LISTING_HOURS} hours, and acknowledge this; or take the query out`,
    );
  }

  private warnOfSize({ name, endpoint, throughHere }: MirrorSetting, options: MirrorOptions): void {
    const problems = sizeProblems({
      objects: options.estimatedObjects,
      size: options.estimatedSize,
      concurrency: this.limits.concurrency ?? DEFAULT_CONCURRENCY,
      isThroughTask: endpoint !== undefined || throughHere === true,
      bandwidthLimit: this.limits.bandwidthLimit,
      window: shortestRun(this.plan),
    });
    for (const [id, sentence] of Object.entries(problems)) {
      Annotations.of(this).addWarningV2(`cdk-postgres-backup:${id}:${name}`, `mirror '${name}' ${sentence}`);
    }
  }
}

/** As the program has it. */
const DEFAULT_CONCURRENCY = 64;

function atOnce(value: number): string {
  if (!Token.isUnresolved(value) && (!Number.isInteger(value) || value < 1 || value > 512)) {
    throw new Error(`concurrency is ${value}, but must be a whole number from 1 to 512`);
  }
  return String(value);
}

function prefixes(prop: 'include' | 'exclude', list: string[] | undefined): Partial<MirrorSetting> {
  if (list === undefined || list.length === 0) return {};
  if (list.includes('')) {
    throw new Error(`${prop} is ${JSON.stringify(list)}: an empty prefix means everything; take it out`);
  }
  return { [prop]: list };
}
