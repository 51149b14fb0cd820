import * as sns from 'aws-cdk-lib/aws-sns';
import * as subscriptions from 'aws-cdk-lib/aws-sns-subscriptions';

/**
 * Who is told when an alarm goes off, and how.
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
    return new Notify(new subscriptions.EmailSubscription(address));
  }

  private constructor(private readonly subscription: sns.ITopicSubscription) {}

  /** @internal */
  public _subscribe(topic: sns.ITopic): void {
    topic.addSubscription(this.subscription);
  }
}
