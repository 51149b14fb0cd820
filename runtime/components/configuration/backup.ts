import { Readable } from 'node:stream';
import { MANIFEST_FORMAT, pointId, type ConfigurationManifest, type StoredObject } from '../../../model';
import { makePoint } from '../../catalog/make-point';
import type { PointWriter } from '../../catalog/point-writer';
import { formatNumberOf } from '../../observe/format';
import { StreamUpload } from '../../store/stream-upload';
import { VerifiedStream } from '../../store/verified-stream';
import { VERSION } from '../../version';
import { certificatesIn, certificateWarnings } from './certificates';
import { collectValues } from './collect';
import { entryName, seal, type SealedEnvelope } from './envelope';
import type {
  ConfigurationContext,
  ConfigurationRequest,
  ConfigurationResult,
  ConfigurationServices,
  ConfigurationValue,
  EnvelopeKeys,
} from './types';

/** Makes one recovery point: reads what is named, seals it, stores the envelope, and the manifest last. */
export async function backupConfiguration(
  request: ConfigurationRequest,
  context: ConfigurationContext,
  services: ConfigurationServices,
  keys: EnvelopeKeys,
): Promise<ConfigurationResult> {
  return makePoint({ ...request, component: 'configuration' }, context, async (writer, startedAt) => {
    const step = context.reporter.begin('configuration');
    const values = await collectValues(request, services, context.signal);
    const owner = { source: request.source, point: pointId(writer.address) };
    const sealed = await seal(values, owner, keys, request.envelopeKey);
    const object = await storeEnvelope(sealed, writer, context);
    const manifest = composeManifest(request, context, writer.address, startedAt, values, sealed, object);
    for (const warning of manifest.warnings) context.reporter.warn(warning);
    step.done(formatNumberOf(values.length, 'entry'));
    return manifest;
  });
}

async function storeEnvelope(
  { envelope }: SealedEnvelope,
  { prefix }: PointWriter,
  { store, signal }: ConfigurationContext,
): Promise<StoredObject> {
  const bytes = Buffer.from(`${JSON.stringify(envelope, null, 1)}\n`);
  const upload = StreamUpload.begin(store, `${prefix}envelope.json`, { signal, contentType: 'application/json' });
  const received = await upload.receive(Readable.from([bytes]) as AsyncIterable<Buffer>);
  return upload.complete(VerifiedStream.of(received, [{ name: 'postgres-backup', code: 0, signal: null }]));
}

function composeManifest(
  request: ConfigurationRequest,
  { now }: ConfigurationContext,
  address: PointWriter['address'],
  startedAt: Date,
  values: readonly ConfigurationValue[],
  { envelope, keyedDigests }: SealedEnvelope,
  object: StoredObject,
): ConfigurationManifest {
  const entries = values.map((value, index) => ({
    name: entryName(value),
    kind: value.kind,
    type: value.type,
    version: value.version,
    sizeBytes: value.value.length,
    keyedDigest: keyedDigests[index],
    certificates: certificatesIn(value.value),
  }));
  return {
    format: MANIFEST_FORMAT,
    point: pointId(address),
    source: address.source,
    component: 'configuration',
    class: address.class,
    scheduledAt: request.scheduledAt?.toISOString() ?? null,
    startedAt: startedAt.toISOString(),
    finishedAt: now().toISOString(),
    tool: { name: 'postgres-backup', version: VERSION },
    envelopeKey: envelope.keyArn,
    parameterPaths: request.parameterPaths,
    entries,
    objects: [object],
    dependsOn: [],
    totals: { storedBytes: object.sizeBytes, objects: 1, items: entries.length },
    warnings: entries.flatMap(({ name, certificates }) => certificateWarnings(name, certificates, now())),
  };
}
