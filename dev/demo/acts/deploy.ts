/** The deployment: what `cdk synth` writes, lived by the stand-in for AWS. */
import { formatCount } from '../../../runtime/observe/format';
import { claim } from '../claim';
import type { Demonstration } from '../demonstration';

export async function deploy({ scene, narrator, signal }: Demonstration): Promise<void> {
  await narrator.step('deploy', async (telling) => {
    const { synthesis, clinic } = await scene.deploy(signal);
    const { cloud } = clinic;
    const schedules = cloud.scheduler.all().length;
    const alarms = Object.keys(cloud.alarms.states()).length;
    claim(schedules > 0 && alarms > 0, 'there are schedules and alarms', `${schedules}, ${alarms}`);
    telling.result(`stack "Clinic": ${formatCount(synthesis.size)} resources, at 00:57`);
    telling.detail(
      `as cdk synth writes it: ${schedules} schedules, ${cloud.functions.all().length} functions, ${cloud.iam.allRoles().length} roles, ${alarms} alarms; lived by a stand-in for AWS whose clock is moved`,
    );
  });
}
