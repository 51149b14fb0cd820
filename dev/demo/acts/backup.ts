/** The backup: made by the bundled program as a deployed task runs it, shown as it lies in the vault, verified. */
import {
  MANIFEST_NAME,
  manifestObjects,
  METRICS,
  parsePointPrefix,
  pointId,
  pointPrefix,
  type DumpManifest,
  type PointAddress,
} from '../../../model';
import { formatBytes, formatCount, formatNumberOf } from '../../../runtime/observe/format';
import type { PointDocument } from '../../../runtime/cli/output/point-output';
import type { VerifyDocument } from '../../../runtime/cli/output/verify-output';
import { SOURCE, VAULT } from '../access';
import { claim } from '../claim';
import { DATABASE } from '../clinic';
import type { Demonstration } from '../demonstration';
import { operatorEnvironment, taskEnvironment } from '../environment';
import { document, runProgram, type ProgramRun } from '../program';
import { listVault, tryAll, type StoredKey } from '../vault-view';

export async function backUp({ scene, narrator, signal }: Demonstration): Promise<DumpManifest> {
  return narrator.step('back up', async (telling) => {
    const run = await runProgram(['backup', 'dump'], taskEnvironment(scene, new Date()), signal);
    claim(run.exitCode === 0, 'the backup succeeds', run.stderr);
    const metrics = metricsOf(run);
    claim(metrics[METRICS.backupSucceeded.name] === 1, 'the task says so in its metrics', run.stdout);

    const shown = await runProgram(
      ['info', pointId(pointAddress(await listVault(scene))), '--json'],
      operatorEnvironment(scene, DATABASE),
      signal,
    );
    claim(shown.exitCode === 0, 'the vault holds the recovery point', shown.stdout + shown.stderr);
    const { manifest } = document<PointDocument>(shown, 'postgres-backup/point/1');
    if (manifest.component !== 'dump') throw new Error(`${manifest.point} is of ${manifest.component}`);
    const { totals } = manifest;
    telling.result(`${formatCount(totals.rows)} rows in ${formatBytes(totals.storedBytes)}`);
    telling.command('postgres-backup backup dump');
    telling.detail('as a deployed task runs it: settings from the environment,');
    telling.detail('a role that only reads, a store credential that only writes');
    return manifest;
  });
}

export async function showStored({ scene, narrator }: Demonstration, manifest: DumpManifest): Promise<void> {
  await narrator.step('look', async (telling) => {
    const stored = await listVault(scene);
    const prefix = pointPrefix(pointAddress(stored));
    const objects = manifestObjects(manifest);
    for (const { key, sizeBytes } of objects) {
      const found = stored.find((one) => one.key === key);
      claim(found?.sizeBytes === sizeBytes, `${key} is stored with ${sizeBytes} bytes`, JSON.stringify(found));
    }
    telling.result(`${stored.length} objects below ${VAULT}/${SOURCE}/dump/`);
    telling.detail(prefix.slice(prefix.indexOf('/dump/') + '/dump/'.length));
    for (const { key, sizeBytes } of stored) {
      const size = formatBytes(sizeBytes).padStart(8);
      telling.detail(`  ${key.slice(prefix.length).padEnd(26)}${size}   ${whatIsIn(key, manifest)}`.trimEnd());
    }
    await claimRights({ scene }, objects[0].key);
    telling.detail(
      'the credential that writes may not read, list or delete, the one that reads may not write or delete: AccessDenied, tried',
    );
  });
}

export async function verifyStored({ scene, narrator, signal }: Demonstration): Promise<void> {
  await narrator.step('verify', async (telling) => {
    const run = await runProgram(['verify', 'latest', '--json'], operatorEnvironment(scene, DATABASE), signal);
    claim(run.exitCode === 0, 'the verification passes', run.stderr);
    const report = document<VerifyDocument>(run, 'postgres-backup/verify/1');
    claim(report.outcome === 'passed', 'the verification passes', run.stdout);
    telling.proven(`${report.objects.length} objects: every byte and every row read`);
    telling.command('postgres-backup verify latest');
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
  const { writer, reader } = scene.credentials;
  const ofWriter = await tryAll(scene, writer, key);
  for (const right of ['read', 'list', 'delete'] as const) {
    claim(ofWriter[right] === denied, `the writing credential may not ${right}`, ofWriter[right]);
  }
  const ofReader = await tryAll(scene, reader, key);
  for (const right of ['write', 'delete'] as const) {
    claim(ofReader[right] === denied, `the reading credential may not ${right}`, ofReader[right]);
  }
  // Else the refusals above might be those of a credential that may do nothing at all.
  claim(ofReader.read === 'done' && ofReader.list === 'done', 'the reading credential may read', ofReader.read);
}

/** Where the one recovery point lies: where its manifest does. */
function pointAddress(stored: readonly StoredKey[]): PointAddress {
  const manifest = stored.find(({ key }) => key.endsWith(`/${MANIFEST_NAME}`));
  const address = manifest && parsePointPrefix(manifest.key);
  claim(address !== undefined, 'the vault holds a manifest', stored.map(({ key }) => key).join('\n'));
  return address;
}

/** The figures of the one line that CloudWatch would read as metrics. */
function metricsOf(run: ProgramRun): Record<string, unknown> {
  const lines = run.stdout.split('\n').filter((line) => line.includes('"_aws"'));
  claim(lines.length === 1, 'the task writes one line of metrics', run.stdout);
  return JSON.parse(lines[0]) as Record<string, unknown>;
}
