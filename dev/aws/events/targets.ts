/** Where events and schedules lead: a function, a task, a queue, a topic, a log. */
import type { Principal } from '../iam/policy';
import type { Functions } from '../services/functions';
import type { Logs } from '../services/logs';
import type { Queues } from '../services/queues';
import { ServiceError } from '../services/service-error';
import type { Tasks } from '../services/tasks';
import type { Topics } from '../services/topics';
import { StandInError } from '../stand-in-error';

export interface Target {
  readonly arn: string;
  /** Of a task. */
  readonly taskDefinition?: string;
}

export interface Delivery {
  /** Who delivers: EventBridge itself, or the role that it was given. */
  readonly principal: Principal;
  /** ARN of the rule or schedule. */
  readonly sourceArn: string;
  readonly payload: unknown;
}

interface Services {
  readonly functions: Functions;
  readonly tasks: Tasks;
  readonly queues: Queues;
  readonly topics: Topics;
  readonly logs: Logs;
}

export class Targets {
  constructor(private readonly services: Services) {}

  /** @throws ServiceError when the target refuses. */
  async deliver(target: Target, { principal, sourceArn, payload }: Delivery): Promise<void> {
    const { functions, tasks, queues, topics, logs } = this.services;
    const text = JSON.stringify(payload);
    switch (target.arn.split(':')[2]) {
      case 'lambda':
        return functions.accept(principal, target.arn, payload, sourceArn);
      case 'ecs':
        await tasks.run({
          principal,
          cluster: target.arn,
          taskDefinition: target.taskDefinition ?? '',
          overrides: payload ?? {},
          startedBy: sourceArn,
        });
        return;
      case 'sqs':
        return queues.send(principal, target.arn, text, {}, { sourceArn });
      case 'sns':
        await topics.publish(principal, target.arn, { message: text }, { 'aws:SourceArn': sourceArn });
        return;
      case 'logs': {
        const group = logs.findByArn(target.arn);
        if (group === undefined) throw new ServiceError('ResourceNotFoundException', `There is no ${target.arn}.`);
        return logs.write(group.name, 'events', text);
      }
      default:
        throw new StandInError(`the stand-in does not know a target like ${target.arn}`);
    }
  }

  /** Keeps what could not be delivered, for a person to look at. Whether that was possible. */
  async giveUp(queue: string | undefined, delivery: Delivery, error: string): Promise<boolean> {
    if (queue === undefined) return false;
    const attributes = { ERROR_MESSAGE: error, SOURCE_ARN: delivery.sourceArn };
    const { principal, sourceArn } = delivery;
    try {
      await this.services.queues.send(principal, queue, JSON.stringify(delivery.payload), attributes, { sourceArn });
      return true;
    } catch (thrown) {
      if (thrown instanceof ServiceError) return false;
      throw thrown;
    }
  }
}
