/** Object Lock: what a write asks for, what the bucket gives by default, and what a deletion must not touch. */
import { s3Error } from '../errors';
import type { Exchange } from '../exchange';
import type { Bucket } from '../storage/bucket';
import type { ObjectVersion, Retention } from '../storage/records';
import { find, parseXml, textOf, type XmlElement } from '../xml/parse';

const DAY_MS = 86_400_000;

export interface LockAttributes {
  retention?: Retention;
  legalHold?: boolean;
}

/** From the headers of a write, or from the bucket's default. */
export function lockAttributes(exchange: Exchange): LockAttributes {
  const mode = exchange.header('x-amz-object-lock-mode');
  const until = exchange.header('x-amz-object-lock-retain-until-date');
  const hold = exchange.header('x-amz-object-lock-legal-hold');
  if ((mode ?? until ?? hold) !== undefined && !exchange.bucket.record.objectLock) {
    throw s3Error('InvalidRequest', 'Bucket is missing Object Lock Configuration');
  }
  if ((mode === undefined) !== (until === undefined)) {
    const message = 'x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied';
    throw s3Error('InvalidArgument', message);
  }
  const asked = mode === undefined ? undefined : parseRetention(mode, until, exchange.service.now());
  return {
    retention: asked ?? defaultRetention(exchange),
    legalHold: hold === undefined ? undefined : parseHold(hold),
  };
}

/** What can be neither repeated nor taken back must not be damaged on the way. */
export function assertHasDigest(exchange: Exchange, forWhat: string): void {
  const names = exchange.request.headerNames();
  const covers = (name: string): boolean =>
    name === 'content-md5' || name === 'x-amz-trailer' || /^x-amz-checksum-(crc|sha)/.test(name);
  if (!names.some(covers)) {
    throw s3Error('InvalidRequest', `Content-MD5 OR x-amz-checksum- HTTP header is required for ${forWhat}`);
  }
}

/** From a `Retention` document; an empty one lifts the retention. */
export function retentionFromXml(document: XmlElement, now: Date): Retention | undefined {
  const mode = textOf(document, 'Mode');
  const until = textOf(document, 'RetainUntilDate');
  if (mode === undefined && until === undefined) return undefined;
  return parseRetention(mode, until, now);
}

export function parseHold(text: string | undefined): boolean {
  if (text !== 'ON' && text !== 'OFF') throw s3Error('InvalidArgument', 'Legal Hold must be either of ON or OFF');
  return text === 'ON';
}

/** Throws `AccessDenied` while a version is held; governance mode gives way to a caller that may bypass it and says so. */
export async function assertNotLocked(exchange: Exchange, version: ObjectVersion, key: string): Promise<void> {
  const refused = 'Access Denied because object protected by object lock.';
  if (version.legalHold === true) throw s3Error('AccessDenied', refused);
  if (!isRetained(version.retention, exchange.service.now())) return;
  if (version.retention?.mode === 'COMPLIANCE' || !(await bypassesGovernance(exchange, key))) {
    throw s3Error('AccessDenied', refused);
  }
}

/** Retention may be lengthened by anyone who may set it; shortened or lifted only where governance can be bypassed. */
export async function assertMayChangeRetention(
  exchange: Exchange,
  version: ObjectVersion,
  next: Retention | undefined,
): Promise<void> {
  const current = version.retention;
  if (current === undefined || !isRetained(current, exchange.service.now())) return;
  const longer = next !== undefined && next.retainUntil >= current.retainUntil;
  if (longer && (next.mode === current.mode || next.mode === 'COMPLIANCE')) return;
  if (current.mode === 'GOVERNANCE' && (await bypassesGovernance(exchange, exchange.key))) return;
  throw s3Error('AccessDenied', 'Access Denied because object protected by object lock.');
}

async function bypassesGovernance(exchange: Exchange, key: string): Promise<boolean> {
  if (exchange.header('x-amz-bypass-governance-retention')?.toLowerCase() !== 'true') return false;
  return exchange.isAllowed('s3:BypassGovernanceRetention', { bucket: exchange.request.bucket, key });
}

function isRetained(retention: Retention | undefined, now: Date): boolean {
  return retention !== undefined && new Date(retention.retainUntil) > now;
}

function parseRetention(mode: string | undefined, until: string | undefined, now: Date): Retention {
  if (mode !== 'GOVERNANCE' && mode !== 'COMPLIANCE') throw s3Error('InvalidArgument', 'Unknown wormMode directive.');
  const date = new Date(until ?? '');
  if (Number.isNaN(date.getTime())) throw s3Error('InvalidArgument', 'The retain until date is not a date.');
  if (date <= now) throw s3Error('InvalidArgument', 'The retain until date must be in the future!');
  return { mode, retainUntil: date.toISOString() };
}

function defaultRetention(exchange: Exchange): Retention | undefined {
  const rule = defaultRule(exchange.bucket);
  if (rule === undefined) return undefined;
  const days = Number(textOf(rule, 'Days') ?? 0) + 365 * Number(textOf(rule, 'Years') ?? 0);
  const until = new Date(exchange.service.now().getTime() + days * DAY_MS);
  const mode = textOf(rule, 'Mode') === 'COMPLIANCE' ? 'COMPLIANCE' : 'GOVERNANCE';
  return { mode, retainUntil: until.toISOString() };
}

function defaultRule(bucket: Bucket): XmlElement | undefined {
  const document = bucket.record.documents['object-lock'];
  if (document === undefined) return undefined;
  return find(parseXml(document, 'ObjectLockConfiguration'), 'Rule', 'DefaultRetention');
}
