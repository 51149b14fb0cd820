import type {
  Component,
  Destination,
  Evidence,
  ExitCode,
  ManifestOf,
  MirrorSetting,
  PointAddress,
  Verification,
  VerifyDepth,
} from '../../model';
import type { RecoveryPoint } from '../catalog/recovery-point';
import type { VerificationContext, VerificationReport } from '../components/component';
import type { BaseBackupRequest, BaseBackupResult } from '../components/base-backup/types';
import type { CheckReport, DumpRequest, DumpResult, RestoreReport, RestoreRequest } from '../components/dump/types';
import type {
  ConfigurationContext,
  ConfigurationRequest,
  ConfigurationResult,
  RestoreConfigurationReport,
  RestoreConfigurationRequest,
} from '../components/configuration/types';
import type { FilesContext } from '../components/files/backup/files-run';
import type { FilesRequest, FilesResult, RestoreFilesReport, RestoreFilesRequest } from '../components/files/types';
import type { BucketPlace } from '../components/objects/open-mirrors';
import type {
  MirrorContext,
  MirrorRequest,
  MirrorsRequest,
  MirrorsResult,
  ObjectsRestoreReport,
  ObjectsRestoreRequest,
} from '../components/objects/types';
import type { RunContext } from '../context';
import type { DrillResult } from '../drill/drill';
import type { EvidenceRequest } from '../drill/evidence/gather';
import type { DrillContext, DrillRequest } from '../drill/types';
import type { Notice } from '../notify/notice';
import type { CallerIdentity } from '../observe/caller-identity';
import type { SourceStatus } from '../observe/status/source-status';
import type { MonotonicClock, TextOutput } from '../observe/run-reporter';
import type { ConnectionSource } from '../postgres/connection';
import type { ManagedRestoreContext, ManagedRestoreReport, ManagedRestoreRequest } from '../managed/restore/types';
import type { MomentContext, MomentReport, MomentRequest } from '../recovery/types';
import type { EndedVersions, EndMirroredRequest } from '../retention/mirrored/end-mirrored';
import type { RetentionContext, RetentionPlan, RetentionRequest, RetentionResult } from '../retention/types';
import type { Bucket } from '../store/bucket';
import type { ObjectStore } from '../store/store';
import type { SystemTools } from '../system/tools';
import type { VerifyOptions } from '../verification/verify-and-record';
import type { WalTools } from '../wal/tools';
import type { SignalSource } from './run-limits';

/** Everything the command line does not do itself. `main.ts` gives the real ones, a test gives what it wants to see. */
export interface Dependencies {
  readonly host: Host;
  readonly openStore: (vaultUri: string) => ObjectStore;
  /** From libpq's variables, DATABASE_URL and the variables of the secret. */
  readonly resolveServer: (env: NodeJS.ProcessEnv) => ConnectionSource;
  readonly catalog: Catalog;
  readonly dump: DumpComponent;
  readonly baseBackup: BaseBackupComponent;
  readonly moments: Moments;
  readonly managed: ManagedDatabases;
  readonly objects: ObjectsComponent;
  readonly files: FilesComponent;
  readonly configuration: ConfigurationComponent;
  /** Of any component. */
  readonly verifyPoint: (
    point: RecoveryPoint,
    depth: VerifyDepth,
    context: VerificationContext,
  ) => Promise<VerificationReport>;
  /** Verifies a recovery point and stores the result beside it. */
  readonly verifyAndRecord: (
    store: ObjectStore,
    address: PointAddress,
    options: RecordedVerification,
  ) => Promise<Verification>;
  readonly retention: Retention;
  readonly drills: Drills;
  readonly system: SystemTools;
  readonly wal: WalTools;
  /** Who runs this, in a task: see runtime/observe/caller-identity.ts. */
  readonly callerIdentity?: CallerIdentity;
  /** Posts to where alarms are posted. */
  readonly sendNotice: (notice: Notice, destination: Destination) => Promise<void>;
}

export type RecordedVerification = Pick<
  VerifyOptions,
  'depth' | 'expectations' | 'reporter' | 'signal' | 'now' | 'acceptSize'
>;

/** The process and the machine it runs on. */
export interface Host {
  /** Of this program. */
  readonly version: string;
  readonly env: NodeJS.ProcessEnv;
  readonly stdout: TextOutput;
  readonly stderr: TextOutput;
  readonly signals: SignalSource;
  readonly processors: number;
  readonly now: () => Date;
  readonly clock: MonotonicClock;
  /** What this program is started with: for `restore_command`. */
  readonly program: readonly string[];
  /** Ends the process at once. */
  readonly exit: (exitCode: ExitCode) => void;
}

export interface Catalog {
  /** Newest first; only those that have a manifest. */
  listPoints(store: ObjectStore, source: string, component: Component): Promise<readonly PointAddress[]>;
  /** `latest` is the newest good one; each that is passed over on the way is told. */
  findPoint<C extends Component>(
    store: ObjectStore,
    source: string,
    component: C,
    point: string,
    onPassedOver?: (point: string, reason: string) => void,
  ): Promise<RecoveryPoint<ManifestOf<C>>>;
  readPoint(store: ObjectStore, address: PointAddress): Promise<RecoveryPoint>;
  /** How the backups stand; throws when that cannot be found out. */
  readStatus(store: ObjectStore, source: string, now: Date): Promise<SourceStatus>;
}

export interface DumpComponent {
  backup(request: DumpRequest, context: RunContext): Promise<DumpResult>;
  restore(request: RestoreRequest, context: RunContext): Promise<RestoreReport>;
  check(request: DumpRequest, context: RunContext): Promise<CheckReport>;
}

export interface BaseBackupComponent {
  backup(request: BaseBackupRequest, context: RunContext): Promise<BaseBackupResult>;
}

export interface Moments {
  /** Restores a whole server to a moment. */
  restore(request: MomentRequest, context: MomentContext): Promise<MomentReport>;
}

export interface ManagedDatabases {
  /** Has AWS restore an instance or a cluster to a moment, into a new one. */
  restore(
    request: ManagedRestoreRequest,
    context: Omit<ManagedRestoreContext, 'client' | 'wait'>,
  ): Promise<ManagedRestoreReport>;
}

export interface Drills {
  /** Restores for practice, and records what came of it. */
  run(request: DrillRequest, context: DrillContext): Promise<DrillResult>;
  /** What could be restored and what was proven; changes nothing. */
  evidence(request: EvidenceRequest, context: DrillContext): Promise<Evidence>;
}

export interface ConfigurationComponent {
  backup(request: ConfigurationRequest, context: ConfigurationContext): Promise<ConfigurationResult>;
  restore(request: RestoreConfigurationRequest, context: ConfigurationContext): Promise<RestoreConfigurationReport>;
}

export interface FilesComponent {
  backup(request: FilesRequest, context: FilesContext): Promise<FilesResult>;
  restore(request: RestoreFilesRequest, context: FilesContext): Promise<RestoreFilesReport>;
}

export interface ObjectsComponent {
  openBucket(place: BucketPlace): Promise<Bucket>;
  openMirror(setting: MirrorSetting): Promise<MirrorRequest>;
  backup(request: MirrorsRequest, context: MirrorContext): Promise<MirrorsResult>;
  restore(request: ObjectsRestoreRequest, context: MirrorContext): Promise<ObjectsRestoreReport>;
}

export interface Retention {
  /** Changes nothing. */
  plan(request: RetentionRequest, context: RetentionContext): Promise<RetentionPlan>;
  /** Marks what ends by the plan. */
  apply(plan: RetentionPlan, context: Pick<RetentionContext, 'store' | 'signal'>): Promise<RetentionResult>;
  /** Of mirrors: shows, or marks, what no recovery point needs any more. */
  endMirrored(request: EndMirroredRequest, context: RetentionContext): Promise<EndedVersions>;
}
