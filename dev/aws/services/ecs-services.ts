/** ECS services: as many tasks as are wanted. A task that ended is not started again until the count is set anew. */
import { ADMINISTRATOR } from '../iam/policy';
import { ServiceError } from './service-error';
import type { Task } from './task-definitions';
import type { Tasks } from './tasks';

export interface EcsService {
  readonly arn: string;
  readonly name: string;
  readonly cluster: string;
  readonly taskDefinition: string;
  desiredCount: number;
}

export class EcsServices {
  private readonly services = new Map<string, EcsService>();

  constructor(private readonly tasks: Tasks) {}

  /** Nothing runs yet: what it would need, a database or a slot, may not be there. */
  add(service: EcsService): void {
    this.services.set(service.arn, service);
  }

  /** By ARN or name. */
  get(arnOrName: string): EcsService {
    const found = this.services.get(arnOrName) ?? [...this.services.values()].find(({ name }) => name === arnOrName);
    if (found === undefined) throw new ServiceError('ServiceNotFoundException', `Service not found: ${arnOrName}`);
    return found;
  }

  running({ arn }: EcsService): Task[] {
    return this.tasks.tasks.filter(({ startedBy, lastStatus }) => startedBy === arn && lastStatus !== 'STOPPED');
  }

  /** Starts what is missing and stops what is too much. */
  async scale(service: EcsService, desiredCount: number): Promise<void> {
    service.desiredCount = desiredCount;
    const running = this.running(service);
    for (const task of running.slice(desiredCount)) this.tasks.stop(task);
    for (let missing = desiredCount - running.length; missing > 0; missing--) {
      const { cluster, taskDefinition, arn: startedBy } = service;
      await this.tasks.run({ principal: ADMINISTRATOR, cluster, taskDefinition, startedBy, isAwaited: false });
    }
  }
}
