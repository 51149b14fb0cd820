/** Nothing of a template is left out in silence: every type of resource in the examples is lived, or the table says why not. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Cloud, deployStack, readStack, StandInError, type SynthesisedStack } from '../../../dev/aws';
import { REGISTRY } from '../../../dev/aws/resources/registry';
import { EXAMPLES, exampleApp, ROOT } from '../../examples/support';

process.env.CDK_VALIDATION = 'false';

const START = new Date('2026-11-20T00:00:00Z');
const database = async () => ({ host: '127.0.0.1', port: 5432 });

let stacks: SynthesisedStack[];

beforeAll(() => {
  stacks = Object.keys(EXAMPLES).flatMap((name) => {
    const assembly = exampleApp(name, 'recommended flags').synth();
    return assembly.stacks.map(({ stackName }) => readStack(assembly.directory, stackName));
  });
}, 120_000);

test('there are examples, and each can be deployed', async () => {
  expect(stacks.length).toBeGreaterThanOrEqual(4);
  for (const stack of stacks) {
    const cloud = await Cloud.start({ start: START });
    const deployment = await deployStack(cloud, stack, { database }).finally(() => cloud.close());
    const types = new Set(Object.values(stack.template.Resources).map(({ Type }) => Type));
    for (const type of types) expect(deployment.ofType(type)).not.toEqual([]);
    expect(cloud.scheduler.all().length).toBeGreaterThan(0);
    expect(Object.keys(cloud.alarms.states()).length).toBeGreaterThan(5);
  }
});

test('every type that is not lived has its reason', () => {
  const reasons = Object.values(REGISTRY).flatMap((entry) => ('notLived' in entry ? [entry.notLived] : []));
  for (const reason of reasons) expect(reason).toMatch(/\w+ \w+/);
  expect(reasons.length).toBeLessThan(Object.keys(REGISTRY).length / 2);
});

test('the guide names every type, among those that are lived or the others', () => {
  const guide = readFileSync(path.join(ROOT, 'docs', 'stand-in.md'), 'utf8');
  const [lived, named] = ['Lived: ', 'Named, and not lived: '].map((begin) =>
    [...(guide.split('\n').find((line) => line.startsWith(begin)) ?? '').matchAll(/`(\w+::\w+)`/g)].map(
      ([, name]) => name,
    ),
  );
  const types = Object.entries(REGISTRY).map(([type, entry]) => ({
    name: type.replace(/^AWS::/, ''),
    isLived: !('notLived' in entry),
  }));
  const namesOf = (isLived: boolean) => types.filter((type) => type.isLived === isLived).map(({ name }) => name);
  expect([lived.sort(), named.sort()]).toEqual([namesOf(true).sort(), namesOf(false).sort()]);
});

test('a type that nobody has thought of is refused before anything is made', async () => {
  const [stack] = stacks;
  const Resources = { ...stack.template.Resources, New: { Type: 'AWS::Glacier::Vault' } };
  const cloud = await Cloud.start({ start: START });
  try {
    const refused = deployStack(cloud, { ...stack, template: { ...stack.template, Resources } }, { database });
    await expect(refused).rejects.toThrow(StandInError);
    await expect(refused).rejects.toThrow(
      'the stand-in does not know AWS::Glacier::Vault in the stack RdsExample: say in dev/aws/resources/registry.ts',
    );
    expect(cloud.s3.buckets()).toEqual([]);
  } finally {
    await cloud.close();
  }
});
