/** One object of a recovery point, as it was when the store acknowledged it. */
export interface StoredObject {
  /** From the vault's root, without the vault's own prefix: `orders/dump/daily/…/globals.sql.zst`. */
  readonly key: string;
  /** The version that was written; `null` where the store keeps no versions. */
  readonly versionId: string | null;
  readonly sizeBytes: number;
  /** Of the whole object, lower-case hex. */
  readonly sha256: string;
  /** CRC-32 of the whole object, base64, as the store itself keeps and checks it (`FULL_OBJECT`). */
  readonly crc32: string;
  /** In order, without gaps: a reader checks each before it uses a byte of it. */
  readonly parts: readonly StoredPart[];
}

export interface StoredPart {
  readonly sizeBytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
}
