import type { RDSClient } from '@aws-sdk/client-rds';
import type { ManagedKind, Outcome } from '../../../model';
import type { RunContext } from '../../context';
import type { MomentTarget } from '../../recovery/types';

/** RDS knows neither positions of the log nor names of restore points. */
export type ManagedTarget = Extract<MomentTarget, { readonly kind: 'time' | 'latest' }>;

export interface ManagedRestoreRequest {
  readonly kind: ManagedKind;
  /** The instance or the cluster whose window holds the moment. */
  readonly identifier: string;
  /** What is made of it; must not be there, unless this very restore began it. */
  readonly newIdentifier: string;
  readonly target: ManagedTarget;
}

export interface ManagedRestoreContext extends Pick<RunContext, 'reporter' | 'signal' | 'now'> {
  readonly client: RDSClient;
  /** Between two looks. Throws the signal's reason when that fires. */
  readonly wait: (signal: AbortSignal) => Promise<void>;
}

export interface ManagedRestoreReport {
  /** Failed: it stands, and is not set as its source is. */
  readonly outcome: Outcome;
  readonly kind: ManagedKind;
  readonly database: string;
  readonly newDatabase: string;
  /** What was asked for, in words. */
  readonly target: string;
  /** `before`: an earlier run began it, and this one followed it. */
  readonly begun: 'now' | 'before';
  readonly endpoint: { readonly host: string; readonly port: number };
  /** Where it is not set as its source is, a sentence each. */
  readonly differences: readonly string[];
  readonly warnings: readonly string[];
  readonly durationMs: number;
}

/** What must be with the new database as it is with its source; what AWS does not say is not there. */
export type ManagedSetting =
  | 'subnet group'
  | 'security groups'
  | 'parameter group'
  | 'port'
  | 'encryption key'
  | 'sign-in by IAM'
  | 'days that automated backups are kept'
  | 'deletion protection';

export type ManagedSettings = Readonly<Partial<Record<ManagedSetting, string>>>;

/** A database as AWS describes it, whichever of the two kinds it is. */
export interface DescribedDatabase {
  readonly identifier: string;
  readonly status: string;
  /** AWS's own name of it, which no other database ever has. */
  readonly resourceId?: string;
  readonly createdAt?: Date;
  readonly settings: ManagedSettings;
  readonly tags: ReadonlyMap<string, string>;
  readonly endpoint?: { readonly host: string; readonly port: number };
}

/** A source, with the window in which it can be restored. */
export interface RestorableDatabase extends DescribedDatabase {
  readonly retentionDays?: number;
  readonly earliest?: Date;
  readonly latest?: Date;
  /** The cluster that an instance belongs to: then the cluster has the window. */
  readonly memberOf?: string;
  readonly warnings: readonly string[];
}

/** How AWS is asked, for one of the two kinds. */
export interface ManagedRestorer<Source extends RestorableDatabase = RestorableDatabase> {
  /** `undefined` when there is none of that name. */
  source(identifier: string): Promise<Source | undefined>;
  find(identifier: string): Promise<DescribedDatabase | undefined>;
  /** @throws the SDK's own error when AWS refuses */
  begin(source: Source, newIdentifier: string, target: ManagedTarget, tags: ReadonlyMap<string, string>): Promise<void>;
  /** What must be made besides, once it is there; with what becomes of it. Nothing for an instance. */
  member?(source: Source, newIdentifier: string, tags: ReadonlyMap<string, string>): Promise<ManagedMember | undefined>;
}

/** The instance through which a cluster answers. */
export interface ManagedMember {
  readonly identifier: string;
  find(): Promise<DescribedDatabase | undefined>;
  begin(): Promise<void>;
}
