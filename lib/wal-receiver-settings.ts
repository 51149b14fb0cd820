import { Duration, Size, Token } from 'aws-cdk-lib';
import { WalReceiverGap, WalReceiverProps } from './wal-receiver-props';

/** What of a receiver is stated, checked. */
export class WalReceiverSettings {
  readonly slotName: string;
  readonly maxSlotSize: Size;
  readonly slotSizeAlarm: Size;
  readonly lagAlarm: Duration;
  private readonly partialEvery: Duration;
  private readonly synchronous: boolean;
  private readonly onGap: WalReceiverGap;

  constructor(props: WalReceiverProps) {
    checkArchive(props);
    this.slotName = checkedSlot(props.slotName ?? slotOf(props.source.sourceName));
    this.partialEvery = checkedInterval(props.partialEvery ?? Duration.seconds(10));
    this.synchronous = props.synchronous ?? false;
    this.onGap = props.onGap ?? WalReceiverGap.STOP;
    this.maxSlotSize = props.maxSlotSize ?? Size.gibibytes(32);
    this.slotSizeAlarm = checkedSize(
      props.slotSizeAlarm ?? Size.bytes(this.maxSlotSize.toBytes() / 4),
      this.maxSlotSize,
    );
    this.lagAlarm = checkedLag(props.lagAlarm ?? Duration.minutes(5), this.partialEvery);
  }

  /** Arguments of the program. */
  get command(): string[] {
    return [
      'wal-receive',
      '--slot',
      this.slotName,
      '--partial-every',
      `${this.partialEvery.toSeconds()}s`,
      '--on-gap',
      this.onGap,
      ...(this.synchronous ? ['--synchronous'] : []),
    ];
  }

  /** For the end of `postgresql.conf`. */
  get file(): string {
    return [
      '# The write-ahead log is received by a replication slot; wal_level needs a restart, the others a reload.',
      'wal_level = replica',
      `max_slot_wal_keep_size = ${Math.floor(this.maxSlotSize.toBytes() / (1024 * 1024))}MB`,
      ...(this.synchronous
        ? [
            '# Commits wait for the receiver, and for ever while it is away.',
            `synchronous_standby_names = '${this.slotName}'`,
          ]
        : []),
      '',
    ].join('\n');
  }
}

function checkArchive({ source, wal }: WalReceiverProps): void {
  if (source.sourceName === wal.sourceName) return;
  throw new Error(`source is '${source.sourceName}', but wal is the archive of '${wal.sourceName}'`);
}

function slotOf(sourceName: string): string {
  return `postgres_backup_${sourceName.replace(/-/g, '_')}`.slice(0, 63);
}

function checkedSlot(slotName: string): string {
  if (!Token.isUnresolved(slotName) && /^[a-z0-9_]{1,63}$/.test(slotName)) return slotName;
  throw new Error(`slotName is '${slotName}', but must be 1 to 63 lower-case letters, digits and underscores`);
}

function checkedInterval(partialEvery: Duration): Duration {
  if (!partialEvery.isUnresolved() && partialEvery.toSeconds() >= 1 && partialEvery.toSeconds() <= 3600)
    return partialEvery;
  throw new Error(`partialEvery is ${partialEvery.toString()}, but must be from 1 second to 1 hour`);
}

function checkedSize(alarm: Size, most: Size): Size {
  if (alarm.toBytes() > 0 && alarm.toBytes() < most.toBytes()) return alarm;
  throw new Error(
    `slotSizeAlarm is ${alarm.toBytes()} bytes, but must be less than maxSlotSize, ${most.toBytes()} bytes: it would never go off`,
  );
}

function checkedLag(lag: Duration, partialEvery: Duration): Duration {
  if (lag.toSeconds() > 2 * partialEvery.toSeconds()) return lag;
  throw new Error(
    `lagAlarm is ${lag.toHumanString()}, but must be longer than twice partialEvery, ${partialEvery.toHumanString()}: ` +
      'it would go off without a fault',
  );
}
