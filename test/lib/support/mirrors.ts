/** Stacks with a mirror, and what their templates say of it. */
import { type Stack } from 'aws-cdk-lib';
import { Match, type Template } from 'aws-cdk-lib/assertions';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { ObjectMirror, ObjectSource, type MirrorOptions, type ObjectMirrorProps } from '../../../lib';
import { permissions } from './policies';
import { templateOf, testBackup, testStack } from './stacks';

export function mirrored(
  from: (stack: ReturnType<typeof testStack>) => ObjectSource,
  options: Partial<MirrorOptions> = {},
  props: Partial<ObjectMirrorProps> = {},
  after: (stack: Stack) => void = () => undefined,
) {
  const stack = testStack();
  const backup = testBackup(stack);
  const mirror = new ObjectMirror(stack, 'Mirror', { ...backup.componentDefaults, ...props });
  mirror.addMirror('uploads', { from: from(stack), ...options });
  backup.addComponent(mirror);
  after(stack);
  return { stack, mirror, template: templateOf(stack) };
}

export const secretOf = (stack: ReturnType<typeof testStack>) =>
  secretsmanager.Secret.fromSecretNameV2(stack, 'Store', 'media');
export const bucketOf = (stack: ReturnType<typeof testStack>) =>
  s3.Bucket.fromBucketName(stack, 'Uploads', 'acme-uploads');

/** What the task is told of its mirrors. */
export function told(template: Template): unknown {
  const [definition] = Object.values(
    template.findResources('AWS::ECS::TaskDefinition', {
      Properties: { ContainerDefinitions: [Match.objectLike({ Command: ['backup', 'objects'] })] },
    }),
  ) as { Properties: { ContainerDefinitions: { Environment: { Name: string; Value: unknown }[] }[] } }[];
  const [{ Environment }] = definition.Properties.ContainerDefinitions;
  const value = Environment.find(({ Name }) => Name === 'POSTGRES_BACKUP_MIRRORS')?.Value;
  return typeof value === 'string' ? JSON.parse(value) : JSON.stringify(value);
}

/** `action resource` of one role, names of buckets left out. */
export function allowed(template: Template, role = 'MirrorTaskTaskRole'): string[] {
  return permissions(template)
    .filter(({ holder }) => holder.startsWith(`${role}DefaultPolicy`))
    .map(
      ({ action, resource }) =>
        `${action} ${resource.replace(/^.*?((?:"|acme-uploads)\/[^"]*|acme-uploads)".*$/, '$1')}`,
    );
}
