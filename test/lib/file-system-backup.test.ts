import { Duration } from 'aws-cdk-lib';
import { Match, type Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as efs from 'aws-cdk-lib/aws-efs';
import { FileSystemBackup, type FileSystemBackupProps } from '../../lib';
import { FILES_ARCHIVE_NAME } from '../../model';
import { permissions } from './support/policies';
import { templateOf, testBackup, testStack } from './support/stacks';

function fileSystem(stack: ReturnType<typeof testStack>, id = 'Media'): efs.IFileSystem {
  return efs.FileSystem.fromFileSystemAttributes(stack, id, {
    fileSystemId: `fs-${id.toLowerCase()}`,
    securityGroup: ec2.SecurityGroup.fromSecurityGroupId(stack, `${id}Group`, `sg-${id.toLowerCase()}`),
  });
}

function backedUp(props: Partial<FileSystemBackupProps> = {}, names: string[] = ['media']): Template {
  const stack = testStack();
  const backup = testBackup(stack);
  const files = new FileSystemBackup(stack, 'Files', { ...backup.componentDefaults, ...props });
  names.forEach((name, index) =>
    files.addVolume(name, { fileSystem: fileSystem(stack, names.indexOf(name) === index ? name : `${name}${index}`) }),
  );
  backup.addComponent(files);
  return templateOf(stack);
}

interface Task {
  Properties: {
    Volumes: unknown[];
    ContainerDefinitions: {
      Command: string[];
      Environment: { Name: string; Value: string }[];
      MountPoints: unknown[];
    }[];
  };
}

function task(template: Template): Task['Properties'] {
  const tasks = Object.entries(template.findResources('AWS::ECS::TaskDefinition')) as [string, Task][];
  const found = tasks.find(([id]) => id.startsWith('Files'));
  if (!found) throw new Error('there is no task of the files');
  return found[1].Properties;
}

test('each volume is mounted read-only, over TLS, with the rights of the role', () => {
  const { Volumes, ContainerDefinitions } = task(backedUp({}, ['media', 'exports']));
  expect(Volumes).toEqual([
    {
      Name: 'media',
      EFSVolumeConfiguration: {
        FilesystemId: 'fs-media',
        TransitEncryption: 'ENABLED',
        AuthorizationConfig: { AccessPointId: { Ref: expect.stringMatching(/media/) as string }, IAM: 'ENABLED' },
      },
    },
    expect.objectContaining({ Name: 'exports' }),
  ]);
  expect(ContainerDefinitions[0].MountPoints).toEqual([
    { SourceVolume: 'media', ContainerPath: '/mnt/media', ReadOnly: true },
    { SourceVolume: 'exports', ContainerPath: '/mnt/exports', ReadOnly: true },
  ]);
});

test('the task is told its volumes in the words that the program reads', () => {
  const { ContainerDefinitions } = task(
    backedUp({ fullEvery: Duration.days(1), minimumFiles: 7 }, ['media', 'exports']),
  );
  const [{ Command, Environment }] = ContainerDefinitions;
  expect(Command).toEqual(['backup', 'files']);
  expect(Object.fromEntries(Environment.map(({ Name, Value }) => [Name, Value]))).toMatchObject({
    POSTGRES_BACKUP_VOLUMES: '["media=/mnt/media","exports=/mnt/exports"]',
    POSTGRES_BACKUP_FULL_EVERY: '86400',
    POSTGRES_BACKUP_MINIMUM_FILES: '7',
    POSTGRES_BACKUP_COMPRESSION_LEVEL: '1',
    POSTGRES_BACKUP_SOURCE: 'orders',
  });
});

test('the whole file system is read as root, through an access point of its own, and the task may not write to it', () => {
  const template = backedUp();
  template.hasResourceProperties('AWS::EFS::AccessPoint', {
    FileSystemId: 'fs-media',
    PosixUser: { Uid: '0', Gid: '0' },
    RootDirectory: { Path: '/' },
  });
  const granted = permissions(template).filter(({ action }) => action.startsWith('elasticfilesystem:'));
  expect(granted.map(({ action }) => action).sort()).toEqual([
    'elasticfilesystem:ClientMount',
    'elasticfilesystem:ClientRootAccess',
  ]);
  template.hasResourceProperties('AWS::IAM::Policy', {
    PolicyDocument: {
      Statement: Match.arrayWith([
        Match.objectLike({
          Action: ['elasticfilesystem:ClientMount', 'elasticfilesystem:ClientRootAccess'],
          Condition: { StringEquals: { 'elasticfilesystem:AccessPointArn': Match.anyValue() } },
        }),
      ]),
    },
  });
});

test('an access point that is given is used, and none made', () => {
  const stack = testStack();
  const backup = testBackup(stack);
  const files = new FileSystemBackup(stack, 'Files', backup.componentDefaults);
  const accessPoint = efs.AccessPoint.fromAccessPointAttributes(stack, 'Point', { accessPointId: 'fsap-1' });
  files.addVolume('media', { fileSystem: fileSystem(stack), accessPoint });
  const template = templateOf(stack);
  template.resourceCountIs('AWS::EFS::AccessPoint', 0);
  expect(task(template).Volumes).toMatchObject([
    { EFSVolumeConfiguration: { AuthorizationConfig: { AccessPointId: 'fsap-1' } } },
  ]);
});

test('the file system lets the task in to its port, and the task out', () => {
  const template = backedUp();
  template.hasResourceProperties('AWS::EC2::SecurityGroupIngress', {
    GroupId: 'sg-media',
    FromPort: 2049,
    ToPort: 2049,
  });
  template.hasResourceProperties('AWS::EC2::SecurityGroupEgress', {
    FromPort: 2049,
    DestinationSecurityGroupId: 'sg-media',
  });
});

test('the task reads what older recovery points hold by name, and none of their content', () => {
  const reads = permissions(backedUp()).filter(
    ({ holder, action }) => holder.startsWith('FilesTask') && action.startsWith('s3:GetObject'),
  );
  expect(reads.map(({ resource }) => /\*\/([a-z.]+)/.exec(resource)?.[1]).filter(Boolean)).toEqual(
    expect.arrayContaining(['manifest.json', 'verification.json', 'stored.jsonl.zst', 'kept.jsonl.zst']) as string[],
  );
  expect(reads.every(({ resource }) => resource.includes('orders/files/'))).toBe(true);
  expect(reads.filter(({ resource }) => resource.includes(FILES_ARCHIVE_NAME) || /files\/\*"/.test(resource))).toEqual(
    [],
  );
});

test.each([
  [() => backedUp({}, ['../x']), /volume name '\.\.\/x' is not usable/],
  [() => backedUp({}, ['a', 'a']), /has a volume 'a' already/],
  [() => backedUp({}, []), /it backs nothing up: call addVolume/],
  [() => backedUp({ fullEvery: Duration.millis(1500) }), /fullEvery is 1\.5 seconds/],
  [() => backedUp({ minimumFiles: -1 }), /minimumFiles is -1/],
  [() => backedUp({ compressionLevel: 20 }), /compressionLevel is 20/],
])('a mistake is told at synthesis: %#', (make, message) => {
  expect(make).toThrow(message);
});
