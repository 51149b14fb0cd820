/**
 * Events that were dealt with. EventBridge and SQS deliver at least once; what comes again is copied once as long as the same
 * process gets it. After that it is copied again, as one more version of the same content: needless, and right.
 */
export class RecentEvents {
  private readonly identities = new Set<string>();

  constructor(private readonly most = 20_000) {}

  has(identity: string): boolean {
    return this.identities.has(identity);
  }

  add(identity: string): void {
    this.identities.add(identity);
    if (this.identities.size <= this.most) return;
    // A set keeps the order in which things came.
    const [oldest] = this.identities;
    this.identities.delete(oldest);
  }
}
