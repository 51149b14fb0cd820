import type { ConfigurationManifest } from '../../../model';
import { openVerified } from '../../store/verified-download';
import { damaged, open, parseEnvelope, type OpenedEntry } from './envelope';
import type { ConfigurationContext, EnvelopeKeys } from './types';

/** Far more than all secrets of an account. */
const MAXIMUM_ENVELOPE_BYTES = 256 * 1024 * 1024;

/** Reads and opens a point's envelope: every byte, every entry, each as the manifest has it. */
export async function readEntries(
  manifest: ConfigurationManifest,
  { store, signal }: Pick<ConfigurationContext, 'store' | 'signal'>,
  keys: EnvelopeKeys,
  onBytes: (sizeBytes: number) => void = () => undefined,
): Promise<OpenedEntry[]> {
  const [object] = manifest.objects;
  if (object.sizeBytes > MAXIMUM_ENVELOPE_BYTES) throw damaged(`it has ${object.sizeBytes} bytes`);
  const chunks: Buffer[] = [];
  for await (const chunk of openVerified(store, object, { signal }) as AsyncIterable<Buffer>) {
    onBytes(chunk.length);
    chunks.push(chunk);
  }
  const envelope = parseEnvelope(Buffer.concat(chunks).toString('utf8'));
  if (envelope.keyArn !== manifest.envelopeKey) throw damaged(`it is sealed with ${envelope.keyArn}`);
  const opened = await open(envelope, { source: manifest.source, point: manifest.point }, keys);
  requireSame(manifest, opened);
  return opened;
}

function requireSame({ entries }: ConfigurationManifest, opened: readonly OpenedEntry[]): void {
  if (entries.length !== opened.length) throw damaged(`it holds ${opened.length} entries, not ${entries.length}`);
  entries.forEach((entry, index) => {
    const { name, keyedDigest, value } = opened[index];
    const isSame = name === entry.name && keyedDigest === entry.keyedDigest && value.value.length === entry.sizeBytes;
    if (!isSame) throw damaged(`${name} is not as the manifest has ${entry.name}`);
  });
}
