import type { ItemsManifest } from './manifest-head';

/** The manifest of settings, secrets and certificates. It names them, and holds no value. */
export interface ConfigurationManifest extends ItemsManifest {
  readonly component: 'configuration';
  /** The key of KMS that opens the envelope. */
  readonly envelopeKey: string;
  /** Below these all parameters were taken: what is there now and was not then shows in a comparison. */
  readonly parameterPaths: readonly string[];
  readonly entries: readonly ConfigurationEntry[];
}

/** `parameter` of SSM, `secret` of Secrets Manager, `text` that was handed over. */
export const CONFIGURATION_KINDS = ['parameter', 'secret', 'text'] as const;
export type ConfigurationKind = (typeof CONFIGURATION_KINDS)[number];

export interface ConfigurationEntry {
  /** Kind and name: `parameter:/orders/flags`. Unlike any other's in the point. */
  readonly name: string;
  readonly kind: ConfigurationKind;
  /** `String`, `StringList`, `SecureString`; of others `text` or `binary`. */
  readonly type: string;
  /** Of the value, as the service it is from names it; `null` where there are none. */
  readonly version: string | null;
  readonly sizeBytes: number;
  /**
   * HMAC-SHA-256 of the value, hex, by a key that only the envelope's key gives: a digest that anybody can compute would let
   * anybody try short secrets out.
   */
  readonly keyedDigest: string;
  /** Certificates that were found in the value. */
  readonly certificates: readonly CertificateFacts[];
}

export interface CertificateFacts {
  readonly subject: string;
  readonly notAfter: string;
}
