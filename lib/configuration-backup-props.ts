import * as kms from 'aws-cdk-lib/aws-kms';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { ScheduledComponentProps } from './scheduled-component';

/**
 * A backup of settings, secrets and certificates.
 */
export interface ConfigurationOptions {
  /**
   * SSM parameters.
   *
   * @default - none
   */
  readonly parameters?: ssm.IParameter[];

  /**
   * Paths such as `/orders`: all SSM parameters below them, whenever they were made.
   *
   * @default - none
   */
  readonly parameterPaths?: string[];

  /**
   * Keys of KMS that parameters of the type `SecureString` are encrypted with.
   *
   * @default - they are encrypted with the account's own key
   */
  readonly parameterKeys?: kms.IKey[];

  /**
   * Secrets of Secrets Manager; certificates too, where they are kept as secrets.
   *
   * @default - none
   */
  readonly secrets?: secretsmanager.ISecret[];

  /**
   * Key that the values are encrypted with, besides the encryption of the vault: who may read the vault does not read them without
   * this key. Give one of its own where those who restore databases are not to see secrets.
   *
   * @default - the vault's key
   */
  readonly envelopeKey?: kms.IKey;
}

/**
 * What is backed up, and how.
 */
export interface ConfigurationBackupProps extends ConfigurationOptions, ScheduledComponentProps {}
