/** The reporting function on a vault whose clock a test moves. */
import {
  pointId,
  pointPrefix,
  reportKey,
  type BackupReport,
  type Component,
  type PointAddress,
  type SummaryRule,
} from '../../../../model';
import { BackupError } from '../../../../runtime/errors';
import type { Heartbeat } from '../../../../runtime/notify/heartbeat';
import type { Message } from '../../../../runtime/notify/publish';
import { handleReport, type Surroundings } from '../../../../runtime/observe/report/handle-report';
import { Vault } from '../status/support/vault';

const OBJECTIVES = { newestSeconds: 26 * 3600, newestVerifiedSeconds: 27 * 3600 };

/** The function with what it is given, and all that it did. */
export class Reporting {
  readonly beats: Heartbeat[] = [];
  readonly published: Message[] = [];
  lines: Record<string, unknown>[] = [];
  switchIsDown = false;

  constructor(
    readonly vault: Vault,
    private readonly dailySummary: SummaryRule = 'when not good',
    private readonly components: readonly Component[] = ['dump'],
  ) {}

  async handle(event: unknown): Promise<void> {
    const surroundings: Surroundings = {
      settings: {
        vaultUri: 's3://acme-vault/team',
        vault: { bucket: 'acme-vault', prefix: 'team/' },
        source: 'orders',
        components: this.components,
        objectives: OBJECTIVES,
        dailySummary: this.dailySummary,
        topic: 'arn:aws:sns:eu-central-1:111122223333:alarms',
      },
      store: this.vault.store,
      write: (line) => void this.lines.push(JSON.parse(line) as Record<string, unknown>),
      now: () => this.vault.now,
      sendHeartbeat: async (heartbeat) => {
        if (this.switchIsDown) throw new BackupError('notification-failed', 'it did not take the message');
        this.beats.push(heartbeat);
      },
      publish: async (message) => void this.published.push(message),
    };
    await handleReport(event, surroundings);
  }

  written(address: PointAddress, record: string): Promise<void> {
    return this.handle({
      'detail-type': 'Object Created',
      detail: { bucket: { name: 'acme-vault' }, object: { key: `team/${pointPrefix(address)}${record}` } },
    });
  }

  report(key: string): BackupReport {
    return JSON.parse(this.vault.store.bytesOf(key)?.toString() ?? 'null') as BackupReport;
  }

  reportOf(address: PointAddress): BackupReport {
    return this.report(reportKey('orders', address.time, `run-dump-${pointId(address)}`));
  }

  metric(name: string): unknown[] {
    return this.lines.flatMap((line) => (name in line ? [line[name]] : []));
  }
}

export const reporting = (now: string, rule?: SummaryRule, components?: readonly Component[]) =>
  new Reporting(new Vault(now), rule, components);
