import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { acknowledgeCompliance } from './acknowledge';

/** Lets the task connect to the server's port, and explains the rule that this adds to the server's security group. */
export function openDefaultPort(task: ec2.Connections, server: ec2.IConnectable, description: string): void {
  // Between two stacks, the rule of one group may lie below the other.
  const groups = [...server.connections.securityGroups, ...task.securityGroups];
  const rules = () => groups.flatMap((group) => group.node.children);
  const before = new Set(rules());
  task.allowToDefaultPort(server, description);
  for (const rule of rules().filter((child) => !before.has(child))) {
    const reason =
      'The rule lets in one security group, to the one port of the database, which is known at deployment.';
    acknowledgeCompliance(rule, 'EC2RestrictedCommonPorts', reason);
    acknowledgeCompliance(rule, 'EC2RestrictedSSH', reason);
  }
}
