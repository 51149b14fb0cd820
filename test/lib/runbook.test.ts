import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import { runbookFactsProblem, type RunbookFacts } from '../../model';
import { templateOf, testBackup, testStack } from './support/stacks';

/** As CloudFormation would have it, with a text for each reference. */
function resolved(value: unknown): string {
  if (typeof value === 'string') return value;
  const [[name, argument]] = Object.entries(value as Record<string, unknown>);
  if (name === 'Fn::Join') return (argument as [string, unknown[]])[1].map(resolved).join('');
  return `<${JSON.stringify(argument)}>`.replaceAll('"', '');
}

function service(stack: ReturnType<typeof testStack>, cluster: string, name: string): ecs.IBaseService {
  const clusterArn = `arn:aws:ecs:eu-central-1:111122223333:cluster/${cluster}`;
  const found = stack.node.tryFindChild(cluster) ?? ecs.Cluster.fromClusterArn(stack, cluster, clusterArn);
  return ecs.FargateService.fromFargateServiceAttributes(stack, name, {
    serviceName: name,
    cluster: found as ecs.ICluster,
  });
}

test('the function that reports is told what the stack alone knows: who may, what is stopped, where the server is; no secret', () => {
  const stack = testStack({ env: { account: '111122223333', region: 'eu-central-1' } });
  const backup = testBackup(stack);
  backup.grantRestore(iam.Role.fromRoleName(stack, 'OnCall', 'on-call'));
  backup.runbook.addService(service(stack, 'shop', 'web'));
  const functions = Object.values(templateOf(stack).findResources('AWS::Lambda::Function'));
  const texts = functions.flatMap((one) => {
    const { Environment } = (one as { Properties: { Environment?: { Variables: Record<string, unknown> } } })
      .Properties;
    const text = Environment?.Variables.POSTGRES_BACKUP_RUNBOOK;
    return text === undefined ? [] : [resolved(text)];
  });
  expect(texts).toHaveLength(1);
  const facts = JSON.parse(texts[0]) as RunbookFacts;
  expect(runbookFactsProblem(facts)).toBeUndefined();
  expect(facts).toMatchObject({
    stack: 'Shop',
    account: '111122223333',
    server: { PGHOST: 'db.example.com' },
    services: [{ cluster: 'shop', service: 'web' }],
    restorers: [expect.stringContaining('role/on-call') as string],
  });
  expect(texts[0]).not.toMatch(/secret/i);
});

test('services of two clusters are refused: one command stops the services of one', () => {
  const stack = testStack();
  const backup = testBackup(stack);
  backup.runbook.addService(service(stack, 'shop', 'web'));
  expect(() => backup.runbook.addService(service(stack, 'billing', 'invoices'))).toThrow(
    'Shop/invoices is in another cluster than Shop/web',
  );
});
