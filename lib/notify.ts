import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as sns from 'aws-cdk-lib/aws-sns';
import { DestinationKind } from '../model';

/**
 * Who is told when an alarm goes off, and when it is over, and how. State two ways: when one is broken, the other says so.
 *
 * The address of a webhook is a secret, because whoever knows it can post there. The secret holds it bare, or as JSON:
 * `{"url": "https://…"}`.
 */
export class Notify {
  /**
   * By e-mail. Amazon SNS sends a message to the address once, in which the receiver must confirm: until then, nobody is told.
   *
   * @param address such as `ops@example.com`; better a list than a person
   */
  public static email(address: string): Notify {
    if (!/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(address)) {
      throw new Error(`e-mail address '${address}' is not one: give one such as 'ops@example.com'`);
    }
    return new Notify({ by: 'email', address });
  }

  /**
   * In a channel of Slack.
   *
   * @param secret holds the address of an incoming webhook, such as `https://hooks.slack.com/services/…`
   */
  public static slack(secret: secretsmanager.ISecret): Notify {
    return new Notify({ by: 'function', kind: 'slack', secret });
  }

  /**
   * In a channel of Discord.
   *
   * @param secret holds the address of a webhook, such as `https://discord.com/api/webhooks/…`
   */
  public static discord(secret: secretsmanager.ISecret): Notify {
    return new Notify({ by: 'function', kind: 'discord', secret });
  }

  /**
   * In a channel or chat of Microsoft Teams.
   *
   * @param secret holds the address of a workflow that begins with "When a Teams webhook request is received"
   */
  public static teams(secret: secretsmanager.ISecret): Notify {
    return new Notify({ by: 'function', kind: 'teams', secret });
  }

  /**
   * By posting JSON, in the format `postgres-backup/notice/1`, to a program of your own.
   *
   * @param secret holds the address
   */
  public static webhook(secret: secretsmanager.ISecret): Notify {
    return new Notify({ by: 'function', kind: 'webhook', secret });
  }

  /**
   * Through an existing topic as well. It gets the alarms as CloudWatch writes them.
   *
   * @param topic CloudWatch must be allowed to publish to it, and to use its key
   */
  public static topic(topic: sns.ITopic): Notify {
    return new Notify({ by: 'topic', topic });
  }

  /** @internal */
  public readonly _way: NotifyWay;

  private constructor(way: NotifyWay) {
    this._way = way;
  }
}

/** What the construct that deploys it needs to know. */
type NotifyWay =
  | { readonly by: 'email'; readonly address: string }
  | { readonly by: 'function'; readonly kind: DestinationKind; readonly secret: secretsmanager.ISecret }
  | { readonly by: 'topic'; readonly topic: sns.ITopic };
