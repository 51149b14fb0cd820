/** Changes stored archives with everything that proves them: what somebody can do who may write backups. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import type { StoredObject } from '../../../../model';
import type { DumpPoint } from '../../../../runtime/catalog/recovery-point';
import { crc32, crc32Base64 } from '../../../../runtime/store/crc32';
import { putManifest } from './put-manifest';
import type { Lab } from '../../../support/lab';

/** Replaces bytes of the definitions by as many others. */
export async function rewriteArchive(lab: Lab, point: DumpPoint, from: string, to: string): Promise<DumpPoint> {
  const { schema } = point.manifest.databases[0];
  if (!schema || Buffer.byteLength(from) !== Buffer.byteLength(to)) throw new Error('the lengths must be the same');
  const object = await rewrite(lab, schema, (bytes) => {
    if (!bytes.includes(from)) throw new Error(`the archive does not hold ${from}`);
    return Buffer.from(bytes.toString('latin1').replaceAll(from, to), 'latin1');
  });
  return putManifest(lab, point, (database) => ({ ...database, schema: object }));
}

export async function rewriteGlobals(
  lab: Lab,
  point: DumpPoint,
  change: (script: string) => string,
): Promise<DumpPoint> {
  const { globals } = point.manifest;
  if (!globals) throw new Error('the point holds no roles');
  const object = await rewrite(lab, globals, (bytes) => Buffer.from(change(bytes.toString('utf8'))));
  return putManifest(lab, point, (database) => database, { globals: object });
}

async function rewrite(lab: Lab, object: StoredObject, change: (bytes: Buffer) => Buffer): Promise<StoredObject> {
  const zstd = (args: string[], input: Buffer): Buffer =>
    execFileSync('zstd', [...args, '-q', '-c'], { input, maxBuffer: 1e9 });
  const body = zstd([], change(zstd(['-d'], await lab.bytes(object.key))));
  const key = `${object.key}.rewritten`;
  const { versionId } = await lab.store.put(key, body);
  const sha256 = createHash('sha256').update(body).digest('hex');
  const sizeBytes = body.length;
  return { key, versionId, sizeBytes, sha256, crc32: crc32Base64(crc32(body)), parts: [{ sizeBytes, sha256 }] };
}
