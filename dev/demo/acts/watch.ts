/** The watch: a backup that does not run is noticed by its age, and that it runs again, too. */
import { formatNumberOf } from '../../../runtime/observe/format';
import { describeUse } from '../../aws';
import { claim } from '../claim';
import type { Demonstration } from '../demonstration';
import { alarmOf, posted } from '../watching';
import type { DumpManifest } from '../../../model';
import type { PointDocument } from '../../../runtime/cli/output/point-output';
import { DATABASE } from '../clinic';
import { operatorEnvironment } from '../environment';
import { document, runProgram } from '../program';

const TWO_HOURS_LATER = new Date('2026-11-20T03:08:00Z');
const NEXT_HOUR = new Date('2026-11-20T04:00:00Z');
const LOOKED_AT = new Date('2026-11-20T04:23:00Z');

/** Somebody has switched the schedules off: nothing runs, and so nothing fails. */
export async function standStill({ scene, narrator }: Demonstration): Promise<void> {
  await narrator.step('stand still', async (telling) => {
    const { cloud, webhook } = scene;
    for (const schedule of backupSchedules(cloud)) schedule.isEnabled = false;
    const told = webhook.posted.length;
    await cloud.advanceTo(TWO_HOURS_LATER);
    claim(cloud.tasks.tasks.length === 1, 'no backup ran', String(cloud.tasks.tasks.length));
    claim(alarmOf(cloud, 'BackupTooOld') === 'ALARM', 'the alarm goes off', JSON.stringify(cloud.alarms.states()));
    const message = posted(webhook.posted.slice(told), 'newest good backup is');
    const at = cloud.alarms.history
      .filter(({ alarm, to }) => alarm.includes('AlarmsBackupTooOld') && to === 'ALARM')
      .at(-1);
    telling.proven(`told at ${at?.at.toISOString().slice(11, 16)}: nothing ran, and nothing failed`);
    telling.detail(`posted: ${message}`);
  });
}

/** Switched on again. */
export async function goOn({ scene, narrator, signal }: Demonstration): Promise<DumpManifest> {
  return narrator.step('go on', async (telling) => {
    const { cloud } = scene;
    for (const schedule of backupSchedules(cloud)) schedule.isEnabled = true;
    await cloud.advanceTo(NEXT_HOUR);
    await cloud.advanceTo(LOOKED_AT);
    const bad = Object.entries(cloud.alarms.states()).filter(([, state]) => state !== 'OK');
    claim(bad.length === 0, 'every alarm is OK again', bad.map(([name]) => name).join('\n'));
    const run = await runProgram(['info', 'latest', '--json'], operatorEnvironment(scene, DATABASE), signal);
    const { manifest } = document<PointDocument>(run, 'postgres-backup/point/1');
    claim(manifest.component === 'dump', 'it is a dump', manifest.component);
    telling.proven('backed up and verified; every alarm is OK again');
    telling.detail(`the database as it was restored: ${manifest.point}`);
    return manifest;
  });
}

/** What the policies of the template were asked on the way. */
export async function sumUpRights({ scene, narrator }: Demonstration): Promise<void> {
  await narrator.step('rights', async (telling) => {
    const { refused, unused } = describeUse(scene.cloud);
    // Those that this demonstration tried on purpose are of the two roles that it tried them as.
    const unexpected = refused.filter((line) => !/^(?:on-call|[^:]*DumpTaskTaskRole[^:]*): s3:/.test(line));
    claim(unexpected.length === 0, 'nothing that works needed more than the template gives', unexpected.join('\n'));
    telling.proven("every call allowed by the template's policies alone");
    telling.detail(
      `${formatNumberOf(unused.length, 'permission')} that nothing here needed, as those for dead letters`,
    );
  });
}

function backupSchedules(cloud: Demonstration['scene']['cloud']) {
  return cloud.scheduler.all().filter(({ target }) => target.taskDefinition !== undefined);
}
