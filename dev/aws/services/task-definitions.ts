/** ECS: what a task is made of, as the template states it. */
import type { Role } from '../iam/policy';

export interface ContainerDefinition {
  readonly Name: string;
  readonly Image: string;
  readonly Command?: readonly string[];
  readonly Environment?: readonly NameValue[];
  readonly Secrets?: readonly { readonly Name: string; readonly ValueFrom: string }[];
  readonly LogConfiguration?: { readonly Options?: Readonly<Record<string, string>> };
}

export interface NameValue {
  readonly Name: string;
  readonly Value: string;
}

export interface TaskDefinition {
  readonly arn: string;
  readonly family: string;
  readonly containers: readonly ContainerDefinition[];
  readonly taskRole?: Role;
  readonly executionRole?: Role;
  /** What a task of it would need and is not lived here, for a person. */
  readonly notLived: readonly string[];
}

export interface ContainerOverride {
  readonly name: string;
  readonly command?: readonly string[];
  readonly environment?: readonly { readonly name: string; readonly value: string }[];
}

export interface Overrides {
  readonly containerOverrides?: readonly ContainerOverride[];
}

/** As ECS describes it. */
export interface Task {
  readonly taskArn: string;
  readonly taskDefinitionArn: string;
  readonly clusterArn: string;
  readonly startedBy?: string;
  readonly createdAt: Date;
  lastStatus: 'PENDING' | 'RUNNING' | 'STOPPED';
  stopCode?: 'TaskFailedToStart' | 'EssentialContainerExited' | 'UserInitiated';
  stoppedReason?: string;
  stoppedAt?: Date;
  exitCode?: number;
}
