/**
 * The envelope: a data key of KMS encrypts each entry by itself (AES-256-GCM), and lies beside them encrypted by a key that
 * never leaves KMS. Who may read the bucket reads nothing of it; who may use the key opens it. Each entry is bound to its name, its
 * recovery point and its source, so that none can be put in another's place.
 */
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';
import { BackupError } from '../../errors';
import type { ConfigurationValue, EncryptionContext, EnvelopeKeys } from './types';

export const ENVELOPE_FORMAT = 'postgres-backup/envelope/1';
const CIPHER = 'AES-256-GCM';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Whose an envelope is. */
export interface EnvelopeOwner {
  readonly source: string;
  readonly point: string;
}

/** As it is stored: JSON. Bytes are base64. */
export interface Envelope {
  readonly format: typeof ENVELOPE_FORMAT;
  readonly cipher: typeof CIPHER;
  readonly keyArn: string;
  readonly encryptedDataKey: string;
  readonly encryptionContext: EncryptionContext;
  readonly entries: readonly SealedEntry[];
}

export interface SealedEntry {
  readonly name: string;
  readonly nonce: string;
  readonly tag: string;
  readonly sealed: string;
}

/** `parameter:/orders/flags`. */
export function entryName({ kind, name }: Pick<ConfigurationValue, 'kind' | 'name'>): string {
  return `${kind}:${name}`;
}

export interface SealedEnvelope {
  readonly envelope: Envelope;
  /** Of each value, in order. */
  readonly keyedDigests: readonly string[];
}

export async function seal(
  values: readonly ConfigurationValue[],
  owner: EnvelopeOwner,
  keys: EnvelopeKeys,
  keyId: string,
): Promise<SealedEnvelope> {
  const encryptionContext = contextOf(owner);
  const dataKey = await keys.generate(keyId, encryptionContext);
  try {
    const own = derivedKeys(dataKey.plain);
    const envelope: Envelope = {
      format: ENVELOPE_FORMAT,
      cipher: CIPHER,
      keyArn: dataKey.keyArn,
      encryptedDataKey: dataKey.encrypted.toString('base64'),
      encryptionContext,
      entries: values.map((value) => sealEntry(value, owner, own.cipher)),
    };
    return { envelope, keyedDigests: values.map(({ value }) => keyedDigest(value, own.digest)) };
  } finally {
    dataKey.plain.fill(0);
  }
}

/** Opened entries, in order, each with its digest. */
export interface OpenedEntry {
  readonly name: string;
  readonly value: ConfigurationValue;
  readonly keyedDigest: string;
}

/** `archive-damaged` for what is not as it was sealed; `key-unusable` when KMS does not open it. */
export async function open(envelope: Envelope, owner: EnvelopeOwner, keys: EnvelopeKeys): Promise<OpenedEntry[]> {
  const encrypted = Buffer.from(envelope.encryptedDataKey, 'base64');
  // Not the context that lies in the bucket: who put another point's envelope here put its context along.
  const plain = await keys.decrypt(encrypted, envelope.keyArn, contextOf(owner));
  try {
    const own = derivedKeys(plain);
    return envelope.entries.map((entry) => {
      const value = openEntry(entry, owner, own.cipher);
      return { name: entry.name, value, keyedDigest: keyedDigest(value.value, own.digest) };
    });
  } finally {
    plain.fill(0);
  }
}

export function sameBytes(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Reads what is stored; nothing of it is believed before it is opened. */
export function parseEnvelope(text: string): Envelope {
  const envelope = parsedJson(text) as Partial<Envelope> | undefined;
  const isWhole =
    envelope?.format === ENVELOPE_FORMAT &&
    envelope.cipher === CIPHER &&
    typeof envelope.keyArn === 'string' &&
    typeof envelope.encryptedDataKey === 'string' &&
    Array.isArray(envelope.entries) &&
    envelope.entries.every((entry: Partial<SealedEntry> | null) =>
      [entry?.name, entry?.nonce, entry?.tag, entry?.sealed].every((field) => typeof field === 'string'),
    );
  if (!isWhole) throw damaged('it is no envelope of this version');
  return envelope as Envelope;
}

/** Part of the encryption: KMS opens it with the very same only. It is in AWS's log of who used the key for what. */
function contextOf({ source, point }: EnvelopeOwner): EncryptionContext {
  return { 'postgres-backup:source': source, 'postgres-backup:point': point };
}

/** One key for one purpose. */
function derivedKeys(dataKey: Buffer): { cipher: Buffer; digest: Buffer } {
  const derive = (purpose: string) => Buffer.from(hkdfSync('sha256', dataKey, '', `${ENVELOPE_FORMAT} ${purpose}`, 32));
  return { cipher: derive('cipher'), digest: derive('digest') };
}

function keyedDigest(value: Buffer, key: Buffer): string {
  return createHmac('sha256', key).update(value).digest('hex');
}

function boundTo(name: string, { source, point }: EnvelopeOwner): Buffer {
  return Buffer.from(JSON.stringify([ENVELOPE_FORMAT, source, point, name]));
}

function sealEntry(value: ConfigurationValue, owner: EnvelopeOwner, key: Buffer): SealedEntry {
  const name = entryName(value);
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES }).setAAD(boundTo(name, owner));
  const plain = JSON.stringify({ ...value, value: value.value.toString('base64') });
  const sealed = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
  return {
    name,
    nonce: nonce.toString('base64'),
    tag: cipher.getAuthTag().toString('base64'),
    sealed: sealed.toString('base64'),
  };
}

function openEntry({ name, nonce, tag, sealed }: SealedEntry, owner: EnvelopeOwner, key: Buffer): ConfigurationValue {
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(nonce, 'base64'), { authTagLength: TAG_BYTES });
    decipher.setAAD(boundTo(name, owner)).setAuthTag(Buffer.from(tag, 'base64'));
    const plain = Buffer.concat([decipher.update(Buffer.from(sealed, 'base64')), decipher.final()]);
    const document = JSON.parse(plain.toString('utf8')) as Omit<ConfigurationValue, 'value'> & { value: string };
    return { ...document, value: Buffer.from(document.value, 'base64') };
  } catch (error) {
    throw damaged(`${name} does not open: it was changed, or is another's (${(error as Error).message})`);
  }
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw damaged(`it is not JSON (${(error as Error).message})`);
  }
}

export function damaged(detail: string): BackupError {
  return new BackupError('archive-damaged', 'the envelope of a configuration is not as it was written', { detail });
}
