/** Damage in the store: one bit, which the verification and the restore must refuse; one byte, which the sweep must find. */
import type { DumpManifest, StoredObject } from '../../../model';
import { formatBytes, formatCount } from '../../../runtime/observe/format';
import type { ErrorDocument } from '../../../runtime/cli/error-answer';
import type { VerifyDocument } from '../../../runtime/cli/output/verify-output';
import { claim } from '../claim';
import { DATABASE, databaseExists, dropDatabase } from '../clinic';
import type { Demonstration } from '../demonstration';
import { operatorEnvironment } from '../environment';
import type { Telling } from '../narrator';
import { document, runProgram } from '../program';
import { askPsql } from '../psql';
import { alarmOf, LOOK_MS, posted, sweep } from '../watching';

/** Where the damaged point is restored to. */
const TARGET = 'clinic_from_damaged';
const MARKER = 'postgres_backup_restore_incomplete';

export async function flipBit(demonstration: Demonstration, manifest: DumpManifest): Promise<void> {
  const { scene, narrator, signal } = demonstration;
  await narrator.step('flip a bit', async (telling) => {
    const { key, sizeBytes } = largest(manifest);
    const target = { bucket: scene.vault, key };
    const offset = Math.floor(sizeBytes / 2);
    await scene.cloud.s3.damage.flipBit(target, offset);
    await claimRefused(demonstration, telling, { point: manifest.point, key });
    await scene.cloud.s3.damage.flipBit(target, offset);
    const mended = await runProgram(['verify', manifest.point], operatorEnvironment(scene, DATABASE), signal);
    claim(mended.exitCode === 0, 'with the bit put back, the verification passes again', mended.stderr);
    telling.proven(`refused: 1 bit of ${formatBytes(sizeBytes)}, in byte ${formatCount(offset)}`);
    telling.detail('with the bit put back, verify passes again');
  });
}

/** What a person at the store could do: the daily look at all backups finds it, and somebody is told. */
export async function cutShort({ scene, narrator }: Demonstration, manifest: DumpManifest): Promise<void> {
  await narrator.step('cut short', async (telling) => {
    const { cloud, vault, webhook } = scene;
    const { key, sizeBytes } = largest(manifest);
    await cloud.s3.damage.truncate({ bucket: vault, key }, sizeBytes - 1);
    const told = webhook.posted.length;
    await sweep(cloud);
    await cloud.advanceTo(new Date(cloud.clock.now().getTime() + LOOK_MS));
    claim(
      alarmOf(cloud, 'VerificationFailed') === 'ALARM',
      'the alarm goes off',
      JSON.stringify(cloud.alarms.states()),
    );
    const message = posted(webhook.posted.slice(told), 'verification');
    telling.proven(`found by the sweep and told: 1 of ${formatCount(sizeBytes)} bytes lost`);
    telling.detail(`posted: ${message}`);
  });
}

interface Damaged {
  readonly point: string;
  readonly key: string;
}

async function claimRefused(demonstration: Demonstration, telling: Telling, damaged: Damaged): Promise<void> {
  await claimVerifyRefuses(demonstration, telling, damaged);
  await claimRestoreRefuses(demonstration, telling, damaged);
}

async function claimVerifyRefuses({ scene, signal }: Demonstration, telling: Telling, damaged: Damaged): Promise<void> {
  const run = await runProgram(['verify', damaged.point, '--json'], operatorEnvironment(scene, DATABASE), signal);
  claim(run.exitCode === 1, 'verify ends with 1', `${run.exitCode}\n${run.stderr}${run.stdout}`);
  const { objects } = document<VerifyDocument>(run, 'postgres-backup/verify/1');
  const bad = objects.filter(({ outcome }) => outcome === 'failed');
  claim(bad.length === 1 && bad[0].key === damaged.key, 'verify names the damaged object and no other', run.stdout);
  telling.command(`postgres-backup verify ${damaged.point}`);
  telling.detail(`exit 1: ${bad.length} of ${objects.length} objects failed, ${nameOf(damaged)}`);
}

async function claimRestoreRefuses(
  { scene, signal }: Demonstration,
  telling: Telling,
  damaged: Damaged,
): Promise<void> {
  const args = ['restore', damaged.point, '--create', '--json'];
  const run = await runProgram(args, operatorEnvironment(scene, TARGET), signal);
  claim(run.exitCode === 1, 'restore ends with 1', `${run.exitCode}\n${run.stderr}${run.stdout}`);
  const { error } = document<ErrorDocument>(run, 'postgres-backup/error/1');
  claim(error.code === 'object-damaged', 'restore says what is wrong', run.stdout);
  telling.command(`postgres-backup restore ${damaged.point} --create`);
  telling.detail(`exit 1: ${error.message.replace(JSON.stringify(damaged.key), nameOf(damaged))}`);
  if (!(await databaseExists(scene, TARGET, signal))) return;
  // The definitions were good and are there; a database that a restore left half-way must not look finished.
  const marker = await askPsql(scene, TARGET, `SELECT failure FROM ${MARKER}.restore`, signal);
  claim(marker !== '', 'the unfinished database says so itself');
  telling.detail('the half-made database says in itself that it is not finished');
  await dropDatabase(scene, TARGET, signal);
}

function nameOf({ key }: Damaged): string {
  return key.slice(key.lastIndexOf('/') + 1);
}

function largest(manifest: DumpManifest): StoredObject {
  return manifest.databases
    .flatMap(({ data }) => data.map(({ object }) => object))
    .reduce((a, b) => (b.sizeBytes > a.sizeBytes ? b : a));
}
