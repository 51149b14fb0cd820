import type { ConfigurationKind, ConfigurationManifest, Outcome, RetentionClass } from '../../../model';
import type { MadePoint } from '../../catalog/make-point';
import type { RecoveryPoint } from '../../catalog/recovery-point';
import type { RunContext } from '../../context';

export type ConfigurationPoint = RecoveryPoint<ConfigurationManifest>;

/** What a run needs: no server. */
export type ConfigurationContext = Pick<RunContext, 'store' | 'reporter' | 'signal' | 'now' | 'deadlineSeconds'>;

/** A value with what is needed to put it back. */
export interface ConfigurationValue {
  readonly kind: ConfigurationKind;
  /** As its service knows it: a path, a secret's name. */
  readonly name: string;
  readonly type: string;
  readonly version: string | null;
  readonly value: Buffer;
}

/** As a service gives it. */
export interface FoundValue extends ConfigurationValue {
  /** Tells it from all others: of its name there may be one in every region and account. */
  readonly arn: string;
}

/** Of SSM and Secrets Manager, what backup and restore ask. Nothing is ever deleted. */
export interface ConfigurationServices {
  /** Nothing when there is none of this name. */
  readonly readParameter: (name: string) => Promise<FoundValue | undefined>;
  /** All below, however deep. */
  readonly readPath: (path: string) => Promise<FoundValue[]>;
  /** By name or ARN; nothing when there is none, or none with a value. */
  readonly readSecret: (id: string) => Promise<FoundValue | undefined>;
  /** @param keyId of a SecureString; the account's own key by default */
  readonly writeParameter: (parameter: ConfigurationValue, keyId?: string) => Promise<void>;
  /** Gives a secret that is there a new version. */
  readonly writeSecret: (secret: ConfigurationValue) => Promise<void>;
}

/** What KMS does for an envelope. */
export interface EnvelopeKeys {
  readonly generate: (keyId: string, context: EncryptionContext) => Promise<DataKey>;
  readonly decrypt: (encrypted: Buffer, keyId: string, context: EncryptionContext) => Promise<Buffer>;
}

export type EncryptionContext = Readonly<Record<string, string>>;

export interface DataKey {
  /** ARN of the key that encrypted it. */
  readonly keyArn: string;
  /** 32 bytes. */
  readonly plain: Buffer;
  readonly encrypted: Buffer;
}

export interface ConfigurationRequest {
  readonly source: string;
  readonly class: RetentionClass;
  /** The scheduler's time of firing: two runs with the same time make one recovery point, the later one is skipped. */
  readonly scheduledAt?: Date;
  /** ARN, id or alias of the key of KMS that the values are encrypted with. */
  readonly envelopeKey: string;
  readonly parameters: readonly string[];
  readonly parameterPaths: readonly string[];
  /** Names or ARNs. */
  readonly secrets: readonly string[];
  readonly texts: readonly { readonly name: string; readonly file: string }[];
}

export type ConfigurationResult = MadePoint<ConfigurationManifest>;

export interface RestoreConfigurationRequest {
  readonly point: ConfigurationPoint;
  /** Of entries, as in the manifest; empty: all are compared. */
  readonly names: readonly string[];
  /** `compare` changes nothing; `apply` writes those that are named. */
  readonly action: 'compare' | 'apply';
  /** Whether values are in the report. */
  readonly values: 'show' | 'hide';
  /** Key for a SecureString. @default the account's own */
  readonly parameterKey?: string;
}

/** How an entry stands. `not comparable`: a text, which has no place to be put back to. */
export type EntryState = 'new' | 'changed' | 'same' | 'only in target' | 'not comparable' | 'could not be read';

export interface ComparedEntry {
  readonly name: string;
  readonly state: EntryState;
  /** Written by this run, read back, and as in the backup. */
  readonly isApplied: boolean;
  /** Only when they are to be shown. What is no UTF-8 is `base64:…`. */
  readonly inBackup?: string;
  readonly inTarget?: string;
  /** Why it could not be read. */
  readonly detail?: string;
}

export interface RestoreConfigurationReport {
  readonly outcome: Outcome;
  readonly point: string;
  readonly source: string;
  readonly action: 'compare' | 'apply';
  readonly entries: readonly ComparedEntry[];
  readonly durationMs: number;
}
