import { ArnFormat, Stack, Token } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { ENVIRONMENT } from '../model';
import { acknowledgeWildcardResource } from './acknowledge';
import { BackupComponent } from './backup-component';
import { ConfigurationBackupProps } from './configuration-backup-props';
import { ScheduledComponent } from './scheduled-component';

/**
 * Backs up SSM parameters and secrets on a schedule, in an envelope: what lies in the vault is encrypted with a key of KMS besides
 * the vault's own encryption, and opened for nobody who may not use that key.
 */
export class ConfigurationBackup extends ScheduledComponent {
  /** Key that the values are encrypted with. */
  public readonly envelopeKey: kms.IKey;

  constructor(scope: Construct, id: string, props: ConfigurationBackupProps) {
    const { parameters = [], parameterPaths = [], secrets = [] } = props;
    const envelopeKey = props.envelopeKey ?? props.vault.encryptionKey;
    if (!envelopeKey) {
      throw new Error('envelopeKey is not stated, and the vault has no key of KMS: state one, such as new kms.Key(…)');
    }
    if (parameters.length + parameterPaths.length + secrets.length === 0) {
      throw new Error('nothing is to be backed up: state parameters, parameterPaths or secrets');
    }
    const wrong = parameterPaths.find((path) => !Token.isUnresolved(path) && !/^(\/[A-Za-z0-9_.-]+)+$/.test(path));
    if (wrong !== undefined) {
      throw new Error(
        `parameterPaths has '${wrong}', but a path is such as '/orders': it begins with a slash and ends without`,
      );
    }
    refuseTwins(secrets);
    const stack = Stack.of(scope);
    super(scope, id, props, {
      component: BackupComponent.CONFIGURATION,
      command: ['backup', 'configuration'],
      environment: {
        [ENVIRONMENT.parameters]: stack.toJsonString(parameters.map(({ parameterName }) => parameterName)),
        [ENVIRONMENT.parameterPaths]: stack.toJsonString(parameterPaths),
        [ENVIRONMENT.secretValues]: stack.toJsonString(secrets.map(({ secretArn }) => secretArn)),
        [ENVIRONMENT.envelopeKey]: envelopeKey.keyArn,
      },
    });
    this.envelopeKey = envelopeKey;
    this.allowKey(this.task, ['kms:GenerateDataKey']);
    for (const { parameterArn } of parameters) this.allowParameters('ssm:GetParameter', [parameterArn]);
    for (const path of parameterPaths) this.allowPath(path);
    for (const key of props.parameterKeys ?? []) this.allowParameterKey(key);
    for (const secret of secrets) secret.grantRead(this.task);
  }

  /**
   * Lets a role open the envelope: it reads the secrets then, where it may read the vault too (`grantRestore`).
   *
   * @param grantee who may
   */
  public grantOpen(grantee: iam.IGrantable): iam.Grant {
    return this.allowKey(grantee, ['kms:Decrypt']);
  }

  /**
   * Lets a drill open the envelope.
   *
   * @internal
   */
  public override _letDrill(drill: iam.IGrantable): void {
    this.grantOpen(drill);
  }

  /** For envelopes of this source alone. */
  private allowKey(grantee: iam.IGrantable, actions: string[]): iam.Grant {
    return iam.Grant.addToPrincipalOrResource({
      grantee,
      actions,
      resourceArns: [this.envelopeKey.keyArn],
      resource: this.envelopeKey,
      resourceSelfArns: ['*'],
      conditions: { StringEquals: { 'kms:EncryptionContext:postgres-backup:source': this.sourceName } },
    });
  }

  private allowPath(path: string): void {
    const arn = Stack.of(this).formatArn({
      service: 'ssm',
      resource: 'parameter',
      resourceName: path.slice(1),
      arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
    });
    acknowledgeWildcardResource(
      this.task,
      `${arn}/*`,
      'All parameters below the path are backed up, whenever they were made.',
    );
    this.allowParameters('ssm:GetParametersByPath', [arn, `${arn}/*`]);
  }

  private allowParameters(action: string, resources: string[]): void {
    this.task.taskDefinition.addToTaskRolePolicy(new iam.PolicyStatement({ actions: [action], resources }));
  }

  /** Through Parameter Store alone: the key opens nothing else for the task. */
  private allowParameterKey(key: kms.IKey): void {
    iam.Grant.addToPrincipalOrResource({
      grantee: this.task,
      actions: ['kms:Decrypt'],
      resourceArns: [key.keyArn],
      resource: key,
      resourceSelfArns: ['*'],
      conditions: {
        StringEquals: { 'kms:ViaService': `ssm.${Stack.of(this).region}.${Stack.of(this).urlSuffix}` },
      },
    });
  }
}

/** Entries are known by name. What is not known before the deployment, the run refuses. */
function refuseTwins(secrets: secretsmanager.ISecret[]): void {
  const known = new Map<string, string>();
  for (const { secretFullArn: arn } of secrets) {
    if (arn === undefined || Token.isUnresolved(arn)) continue;
    const name = arn.replace(/^(?:[^:]*:){6}/, '').replace(SECRET_SUFFIX, '');
    const other = known.get(name) ?? arn;
    known.set(name, arn);
    if (other === arn) continue;
    throw new Error(
      `secrets has two of one name, ${other} and ${arn}, and a backup knows them by name: ` +
        'back one of them up with a ConfigurationBackup of another source',
    );
  }
}

/** What Secrets Manager puts behind a name. */
const SECRET_SUFFIX = /-[A-Za-z0-9]{6}$/;
