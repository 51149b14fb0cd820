/**
 * What in the vault refers to mirrored versions: every inventory that is there in any version, whether its recovery point is kept,
 * ending, hidden or was never made. A run may take over from any of them, and a person may bring any of them back.
 */
import {
  componentPrefix,
  EXPIRY_TAG,
  MANIFEST_NAME,
  mirrorPrefix,
  parsePointPrefix,
  pointPrefix,
  type ObjectsManifest,
} from '../../../model';
import { readManifest } from '../../catalog/manifest-reader';
import { readListed } from '../../catalog/read-text';
import { readOutcome } from '../../catalog/verification-record';
import { BackupError } from '../../errors';
import { runBounded } from '../../process/bounded';
import type { VersionEntry } from '../../store/store';
import type { RetentionContext } from '../types';
import { foundPiece, namedPiece, type InventoryPiece } from './inventory-piece';

/** A manifest may be some megabytes, and is held while it is read. */
const READ_AT_ONCE = 4;

/** What refers to the versions of one mirror. */
export interface MirrorHolders {
  readonly mirror: string;
  /** Of its versions, in the vault; ends with a slash. */
  readonly prefix: string;
  /** When the newest recovery point that is verified and not ending was begun, by the earlier of its own word and the store's. */
  readonly lookedAgainAt: Date;
  /** Of the newest recovery point: most versions are named there. */
  readonly newest: readonly InventoryPiece[];
  /** Of all others, the newer first, and what no manifest names. */
  readonly others: readonly InventoryPiece[];
}

/**
 * Of each mirror that a recovery point has which is verified and not ending; of others nothing is known to be over. A manifest that cannot be
 * read may refer to anything: it is thrown.
 */
export async function findHolders(source: string, context: RetentionContext): Promise<MirrorHolders[]> {
  const { manifests, pieces } = await listVersions(source, context);
  const read = await runBounded(
    manifests,
    READ_AT_ONCE,
    (version) => readHolder(version, context),
    () => undefined,
  );
  const holders = read.filter((holder) => holder !== undefined);
  const named = new Set(holders.flatMap(({ manifest }) => manifest.objects.map(nameOf)));
  const found = pieces.filter(({ version }) => !named.has(nameOf(version)));
  return [...newestLooks(holders)].map(([mirror, lookedAgainAt]) => {
    const prefix = mirrorPrefix(source, mirror);
    const [newest = [], ...older] = holders.map((holder) => piecesOf(holder, mirror));
    const ownFound = found.filter((piece) => piece.mirror === mirror);
    const unnamed = ownFound.map(({ version }) => foundPiece(version, mirror, prefix));
    return { mirror, prefix, lookedAgainAt, newest, others: [...older.flat(), ...unnamed] };
  });
}

interface ListedVersions {
  /** The newest recovery points first. */
  readonly manifests: VersionEntry[];
  readonly pieces: { readonly mirror: string; readonly version: VersionEntry }[];
}

async function listVersions(source: string, { store, signal }: RetentionContext): Promise<ListedVersions> {
  const listed: ListedVersions = { manifests: [], pieces: [] };
  for await (const version of store.versions(componentPrefix(source, 'objects'))) {
    signal.throwIfAborted();
    const address = parsePointPrefix(version.key);
    if (!address) continue;
    const name = version.key.slice(pointPrefix(address).length);
    const mirror = PIECE.exec(name)?.[1];
    if (name === MANIFEST_NAME) listed.manifests.push(version);
    else if (mirror !== undefined) listed.pieces.push({ mirror, version });
  }
  listed.manifests.sort((a, b) => b.lastModified.getTime() - a.lastModified.getTime());
  return listed;
}

/** `uploads/inventory-000001.jsonl.zst`, of a second attempt below `attempt.2/`. */
const PIECE = /(?:^|\/)([^/]+)\/inventory-\d+\.jsonl\.zst$/;

interface Holder {
  readonly manifest: ObjectsManifest;
  readonly storedAt: Date;
  readonly state: 'kept' | 'ending';
  readonly isVerified: boolean;
}

/** Nothing when the vault has deleted it meanwhile, as was marked. */
async function readHolder(version: VersionEntry, { store, signal }: RetentionContext): Promise<Holder | undefined> {
  signal.throwIfAborted();
  const { key, versionId, lastModified } = version;
  const address = parsePointPrefix(key);
  const tags = await store.tags(key, versionId).catch((thrown: unknown) => {
    if (thrown instanceof BackupError && thrown.code === 'object-missing') return undefined;
    throw thrown;
  });
  if (!address || !tags) return undefined;
  const state = tags[EXPIRY_TAG.key] === EXPIRY_TAG.value ? 'ending' : 'kept';
  const text = await readListed(store, key, versionId);
  if (text === undefined) {
    if (state === 'ending') return undefined;
    throw new BackupError('object-missing', `version ${versionId} of ${key} is not there any more`, {
      detail: 'It was listed a moment ago, and nothing had marked it.',
    });
  }
  const manifest = readManifest(text, pointPrefix(address));
  const isVerified = (await readOutcome(store, pointPrefix(address), text)) === 'passed';
  // The manifest's component is that of its place.
  return { manifest: manifest as ObjectsManifest, storedAt: lastModified, state, isVerified };
}

function newestLooks(holders: readonly Holder[]): ReadonlyMap<string, Date> {
  const looks = new Map<string, Date>();
  for (const { manifest, storedAt, state, isVerified } of holders) {
    if (state === 'ending' || !isVerified) continue;
    const begunAt = new Date(Math.min(Date.parse(manifest.startedAt), storedAt.getTime()));
    for (const { name } of manifest.mirrors) {
      const newest = looks.get(name);
      if (!newest || newest < begunAt) looks.set(name, begunAt);
    }
  }
  return looks;
}

function piecesOf({ manifest, state }: Holder, name: string): InventoryPiece[] {
  const mirror = manifest.mirrors.find((one) => one.name === name);
  if (!mirror) return [];
  return mirror.inventory
    .filter(({ entries }) => entries > 0)
    .map((segment) => namedPiece(mirror, segment, manifest.objects, state));
}

function nameOf({ key, versionId }: { readonly key: string; readonly versionId: string | null }): string {
  return `${key}\n${versionId}`;
}
