import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';

/**
 * A dead man's switch: a service outside of the account that alarms when nobody says "alive" in time. It notices what nothing
 * inside can: that the account, the region or all alarms are gone.
 *
 * "Alive" is said when a new backup was verified, not when a run says that it went well. A run that begins or fails is told
 * too, and a verification that did not pass. Give the service the time between two runs as its period, and more than a run
 * takes as its grace.
 */
export class Heartbeat {
  /**
   * healthchecks.io, or another service of its convention: the bare address for success, and below it `/start`, `/fail` or an
   * exit code.
   *
   * @param secret holds the address, such as `https://hc-ping.com/<uuid>`, bare or as JSON: `{"url": "https://…"}`. Whoever
   * knows it can say "alive", so it is a secret
   */
  public static healthchecks(secret: secretsmanager.ISecret): Heartbeat {
    return new Heartbeat(secret);
  }

  /** Holds the address. */
  public readonly secret: secretsmanager.ISecret;

  private constructor(secret: secretsmanager.ISecret) {
    this.secret = secret;
  }
}
