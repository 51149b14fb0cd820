/** The backup: made by the deployed task, verified by the deployed function, shown as it lies in the vault. */
import {
  MANIFEST_NAME,
  manifestObjects,
  METRICS,
  parsePointPrefix,
  pointId,
  pointPrefix,
  VERIFICATION_NAME,
  type DumpManifest,
  type PointAddress,
} from '../../../model';
import { formatBytes, formatCount, formatNumberOf } from '../../../runtime/observe/format';
import type { PointDocument } from '../../../runtime/cli/output/point-output';
import { claim } from '../claim';
import { DATABASE } from '../clinic';
import type { Demonstration } from '../demonstration';
import { operatorEnvironment } from '../environment';
import { document, runProgram } from '../program';
import { SOURCE } from '../stack';
import { listVault, roleOfTask, roleOnCall, tryAll, type StoredKey } from '../vault-view';

export const AT_THE_HOUR = new Date('2026-11-20T01:00:00Z');
const LOOKED_AT = new Date('2026-11-20T01:03:00Z');

/** The clock comes to the hour; the schedule starts the task, and the manifest that it leaves starts the verification. */
export async function backUp({ scene, narrator, signal }: Demonstration): Promise<DumpManifest> {
  return narrator.step('back up', async (telling) => {
    const { cloud } = scene;
    await cloud.advanceTo(AT_THE_HOUR);
    const lines = cloud.logs.lines.map(({ text }) => text);
    claim(cloud.tasks.tasks.length === 1, 'the schedule started one task', lines.join('\n'));
    claim(cloud.tasks.tasks[0].exitCode === 0, 'the backup succeeds', lines.join('\n'));
    claim(
      lines.some((line) => line.includes(`"${METRICS.backupSucceeded.name}":1`)),
      'the task says so in its metrics',
      lines.join('\n'),
    );
    const shown = await runProgram(
      ['info', pointId(pointAddress(await listVault(scene))), '--json'],
      operatorEnvironment(scene, DATABASE),
      signal,
    );
    claim(shown.exitCode === 0, 'the vault holds the recovery point', shown.stdout + shown.stderr);
    const { manifest } = document<PointDocument>(shown, 'postgres-backup/point/1');
    claim(manifest.component === 'dump', 'it is a dump', manifest.component);
    const { totals } = manifest;
    telling.result(`${formatCount(totals.rows)} rows in ${formatBytes(totals.storedBytes)}`);
    telling.command('postgres-backup backup dump');
    telling.detail("at 01:00, by the template's schedule, in its task, as its role");
    return manifest;
  });
}

export async function showStored({ scene, narrator }: Demonstration, manifest: DumpManifest): Promise<void> {
  await narrator.step('look', async (telling) => {
    const stored = (await listVault(scene)).filter(({ key }) => !key.endsWith(`/${VERIFICATION_NAME}`));
    const prefix = pointPrefix(pointAddress(stored));
    const objects = manifestObjects(manifest);
    for (const { key, sizeBytes } of objects) {
      const found = stored.find((one) => one.key === key);
      claim(found?.sizeBytes === sizeBytes, `${key} is stored with ${sizeBytes} bytes`, JSON.stringify(found));
    }
    telling.result(`${stored.length} objects below ${SOURCE}/dump/ in the vault`);
    telling.detail(prefix.slice(prefix.indexOf('/dump/') + '/dump/'.length));
    for (const { key, sizeBytes } of stored) {
      const size = formatBytes(sizeBytes).padStart(8);
      telling.detail(`  ${key.slice(prefix.length).padEnd(26)}${size}   ${whatIsIn(key, manifest)}`.trimEnd());
    }
    await claimRights({ scene }, objects[0].key);
    telling.detail(
      'the task may not read, list or delete, who is on call may not write or delete: AccessDenied by the policies of the template, tried',
    );
  });
}

/** The function was called by the manifest's event; a minute later the alarms have looked. */
export async function verifyStored({ scene, narrator }: Demonstration): Promise<void> {
  await narrator.step('verify', async (telling) => {
    const { cloud, vault } = scene;
    const verified = cloud.s3.keys(vault).filter((key) => key.endsWith(`/${VERIFICATION_NAME}`));
    claim(verified.length === 1, 'the function wrote its result beside the backup', verified.join('\n'));
    await cloud.advanceTo(LOOKED_AT);
    const states = Object.entries(cloud.alarms.states());
    const bad = states.filter(([, state]) => state !== 'OK').map(([name, state]) => `${name} ${state}`);
    claim(bad.length === 0, 'no alarm is on', bad.join('\n'));
    telling.proven(`passed; at 01:03 all ${states.length} alarms are OK`);
    telling.detail('the manifest starts a function; another looks how old the backups are');
  });
}

/** What an object is, in a few words; nothing where its name says it. */
function whatIsIn(key: string, { databases }: DumpManifest): string {
  const archive = databases.flatMap(({ data }) => data).find(({ object }) => object.key === key);
  if (archive === undefined) return key.endsWith(`/${MANIFEST_NAME}`) ? 'written last' : '';
  const tables = formatNumberOf(archive.tables.length, 'table');
  if (archive.class === 'critical') return `${tables}, restored first`;
  return archive.rest ? `${tables} and all else` : tables;
}

/** Each credential can do its own work and nothing else. */
async function claimRights({ scene }: Pick<Demonstration, 'scene'>, key: string): Promise<void> {
  const denied = 'AccessDenied';
  const ofWriter = await tryAll(scene, roleOfTask(scene), key);
  for (const right of ['read', 'list', 'delete'] as const) {
    claim(ofWriter[right] === denied, `the task may not ${right}`, ofWriter[right]);
  }
  const ofReader = await tryAll(scene, roleOnCall(scene), key);
  for (const right of ['write', 'delete'] as const) {
    claim(ofReader[right] === denied, `whoever is on call may not ${right}`, ofReader[right]);
  }
  // Else the refusals above might be those of a credential that may do nothing at all.
  claim(ofReader.read === 'done' && ofReader.list === 'done', 'whoever is on call may read', ofReader.read);
}

/** Where the one recovery point lies: where its manifest does. */
function pointAddress(stored: readonly StoredKey[]): PointAddress {
  const manifest = stored.find(({ key }) => key.endsWith(`/${MANIFEST_NAME}`));
  const address = manifest && parsePointPrefix(manifest.key);
  claim(address !== undefined, 'the vault holds a manifest', stored.map(({ key }) => key).join('\n'));
  return address;
}
