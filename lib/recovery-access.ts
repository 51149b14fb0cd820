import { Duration } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import { SnsTopic } from 'aws-cdk-lib/aws-events-targets';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as sns from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { acknowledgeInlinePolicies } from './acknowledge';
import { IBackupVault } from './backup-vault-props';

/**
 * Who may recover, and who is told of it.
 */
export interface RecoveryAccessProps {
  /** The vault that is recovered from, with everything in it. */
  readonly vault: IBackupVault;

  /** Who may take the role: people on call, or another account that is there when this one is not. */
  readonly assumedBy: iam.IPrincipal;

  /** Topic that is told each time the role is taken. Its policy and key must let EventBridge publish. */
  readonly topic: sns.ITopic;

  /**
   * Whether the role is only for those who have signed in with a second factor. Roles that programs take have none.
   *
   * @default true
   */
  readonly secondFactor?: boolean;

  /**
   * How long one taking of the role lasts at most, 1 to 12 hours. A restore must end within it.
   *
   * @default Duration.hours(12)
   */
  readonly maxSessionDuration?: Duration;
}

/**
 * The role for the day when everything else is gone: it reads the whole vault, changes nothing, and each time somebody takes
 * it the topic of the alarms is told.
 *
 * That it was taken is known from CloudTrail's management events, which EventBridge has where a trail of the account records
 * them: see docs/recovery.md.
 */
export class RecoveryAccess extends Construct implements iam.IGrantable {
  /** The role. */
  public readonly role: iam.Role;
  /** Tells the topic when the role is taken. */
  public readonly rule: events.Rule;
  /** The role as a principal. */
  public readonly grantPrincipal: iam.IPrincipal;

  constructor(scope: Construct, id: string, props: RecoveryAccessProps) {
    super(scope, id);
    this.role = this.createRole(props);
    this.grantPrincipal = this.role;
    props.vault.grantRecover(this.role);
    this.rule = this.createRule(props.topic);
    // The topic's own policy is seen to by the target; of the topic's key nobody thinks.
    props.topic.masterKey?.addToResourcePolicy(
      new iam.PolicyStatement({
        principals: [new iam.ServicePrincipal('events.amazonaws.com')],
        actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
        resources: ['*'],
      }),
      true,
    );
  }

  private createRole({ assumedBy, secondFactor, maxSessionDuration }: RecoveryAccessProps): iam.Role {
    const duration = maxSessionDuration ?? Duration.hours(12);
    if (!duration.isUnresolved() && (duration.toSeconds() < 3600 || duration.toSeconds() > 12 * 3600)) {
      throw new Error(`maxSessionDuration is ${duration.toHumanString()}, but IAM takes 1 to 12 hours`);
    }
    const role = new iam.Role(this, 'Role', {
      description: `Reads all backups, to recover when everything else is gone. Taking it alarms: ${this.node.path}`,
      assumedBy:
        (secondFactor ?? true)
          ? new iam.PrincipalWithConditions(assumedBy, { Bool: { 'aws:MultiFactorAuthPresent': 'true' } })
          : assumedBy,
      maxSessionDuration: duration,
    });
    acknowledgeInlinePolicies(role);
    return role;
  }

  private createRule(topic: sns.ITopic): events.Rule {
    const who = events.EventField.fromPath('$.detail.userIdentity.arn');
    const where = events.EventField.fromPath('$.detail.sourceIPAddress');
    const when = events.EventField.fromPath('$.detail.eventTime');
    return new events.Rule(this, 'Taken', {
      description: `The recovery role was taken, or somebody tried: ${this.node.path}`,
      eventPattern: {
        source: ['aws.sts'],
        detailType: ['AWS API Call via CloudTrail'],
        detail: {
          eventSource: ['sts.amazonaws.com'],
          eventName: ['AssumeRole', 'AssumeRoleWithSAML', 'AssumeRoleWithWebIdentity'],
          requestParameters: { roleArn: [this.role.roleArn] },
        },
      },
      targets: [
        new SnsTopic(topic, {
          message: events.RuleTargetInput.fromText(
            `ALARM: the recovery role ${this.role.roleArn} was taken. By ${who}, from ${where}, at ${when}. Whoever has it can read every backup: if nobody is recovering, revoke its sessions in IAM now.`,
          ),
        }),
      ],
    });
  }
}
