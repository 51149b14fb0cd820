/** Stops and starts ECS services. How many tasks a stopped one had stands in a tag of it: the laptop may be lost, the count is not. */
import { BackupError } from '../errors';
import { asked, openEcs } from './ecs-tasks';
import type { ServiceControl } from './restore-set';

export const COUNT_TAG = 'postgres-backup:desired-count';

export function ecsServices(
  cluster: string | undefined,
  { signal, wait }: { readonly signal: AbortSignal; readonly wait: (signal: AbortSignal) => Promise<void> },
  open: typeof openEcs = openEcs,
): ServiceControl {
  const describe = async (service: string) => {
    const { client, sdk } = await open();
    const command = new sdk.DescribeServicesCommand({ cluster, services: [service], include: ['TAGS'] });
    const { services = [] } = await asked(`describe the service ${service}`, () => client.send(command));
    const [found] = services;
    if (found?.serviceArn !== undefined) return { ...found, serviceArn: found.serviceArn };
    throw new BackupError('task-failed', `there is no ECS service ${service}`, {
      hint: 'Give the name or the ARN, and --cluster where it is not in the default cluster.',
    });
  };
  const scale = async (service: string, desiredCount: number) => {
    const { client, sdk } = await open();
    const command = new sdk.UpdateServiceCommand({ cluster, service, desiredCount });
    await asked(`scale the service ${service}`, () => client.send(command));
  };
  return {
    desiredCount: async (service) => {
      const { desiredCount = 0, tags = [] } = await describe(service);
      const remembered = tags.find(({ key }) => key === COUNT_TAG)?.value;
      return desiredCount === 0 && remembered !== undefined ? countIn(remembered, service) : desiredCount;
    },
    stop: async (service, count) => {
      const { serviceArn } = await describe(service);
      const { client, sdk } = await open();
      const tag = new sdk.TagResourceCommand({
        resourceArn: serviceArn,
        tags: [{ key: COUNT_TAG, value: String(count) }],
      });
      await asked(`tag the service ${service}`, () => client.send(tag));
      await scale(service, 0);
      while (((await describe(service)).runningCount ?? 0) > 0) await wait(signal);
    },
    // Not by the signal: what was stopped is started again, whatever else is given up.
    start: async (service, count) => {
      const { serviceArn } = await describe(service);
      await scale(service, count);
      const { client, sdk } = await open();
      const untag = new sdk.UntagResourceCommand({ resourceArn: serviceArn, tagKeys: [COUNT_TAG] });
      await asked(`untag the service ${service}`, () => client.send(untag));
    },
  };
}

function countIn(text: string, service: string): number {
  if (/^\d{1,5}$/.test(text)) return Number(text);
  throw new BackupError('task-failed', `the tag ${COUNT_TAG} of the service ${service} is ${JSON.stringify(text)}`, {
    hint: 'It is to say how many tasks the service had before it was stopped: write the number, or remove the tag.',
  });
}
