import { writeXml, type XmlValue } from '../../s3/xml/write';
import { bucketArn } from '../account';
import type { PolicyDocument } from '../iam/policy';
import { StandInError } from '../stand-in-error';
import { isJson, type Json } from '../template/template';
import { lifecycleDocument } from './s3-lifecycle';
import { optional, physicalName, text, type Handler } from './handler';

const LONGEST_NAME = 63;

export const bucket: Handler = async (resource, cloud) => {
  const { properties } = resource;
  const name = optional(resource, 'BucketName') ?? bucketName(physicalName(resource));
  const encryption = defaultEncryption(properties);
  await cloud.s3.createBucket(name, {
    versioning: at(properties, 'VersioningConfiguration', 'Status') === 'Enabled',
    objectLock: properties.ObjectLockEnabled === true,
    documents: documents(properties, encryption),
  });
  const keyArn = encryption?.keyArn;
  cloud.buckets.add({
    name,
    key: keyArn === undefined ? undefined : { arn: keyArn, isBucketKey: encryption?.isBucketKey ?? false },
    tellsEventBridge:
      at(properties, 'NotificationConfiguration', 'EventBridgeConfiguration', 'EventBridgeEnabled') === true,
  });
  const host = `${name}.s3.${cloud.account.region}.amazonaws.com`;
  return {
    ref: name,
    attributes: { Arn: bucketArn(name), DomainName: `${name}.s3.amazonaws.com`, RegionalDomainName: host },
  };
};

export const bucketPolicy: Handler = (resource, cloud) => {
  const name = text(resource, 'Bucket');
  const found = cloud.buckets.find(name);
  if (found === undefined) throw new StandInError(`there is no bucket ${name} for the policy ${resource.logicalId}`);
  found.policy = resource.properties.PolicyDocument as PolicyDocument;
  return { ref: resource.logicalId };
};

/** The end of a long name holds the part that makes it the only one. */
function bucketName(name: string): string {
  return name.toLowerCase().slice(-LONGEST_NAME).replace(/^-+/, '');
}

interface Encryption {
  readonly algorithm: string;
  readonly keyArn?: string;
  readonly isBucketKey: boolean;
}

function defaultEncryption(properties: Json): Encryption | undefined {
  const [rule] = (at(properties, 'BucketEncryption', 'ServerSideEncryptionConfiguration') ?? []) as Json[];
  if (rule === undefined) return undefined;
  return {
    algorithm: String(at(rule, 'ServerSideEncryptionByDefault', 'SSEAlgorithm')),
    keyArn: at(rule, 'ServerSideEncryptionByDefault', 'KMSMasterKeyID') as string | undefined,
    isBucketKey: rule.BucketKeyEnabled === true,
  };
}

/** As S3's own documents, which is what the S3 server reads. */
function documents(properties: Json, encryption: Encryption | undefined): Record<string, string> {
  const found: Record<string, string> = {};
  if (encryption !== undefined) {
    const byDefault = { SSEAlgorithm: encryption.algorithm, KMSMasterKeyID: encryption.keyArn };
    const Rule = { ApplyServerSideEncryptionByDefault: byDefault, BucketKeyEnabled: encryption.isBucketKey };
    found.encryption = writeXml('ServerSideEncryptionConfiguration', { Rule });
  }
  const rules = at(properties, 'LifecycleConfiguration', 'Rules') as Json[] | undefined;
  if (rules !== undefined) found.lifecycle = lifecycleDocument(rules);
  const lock = properties.ObjectLockConfiguration as Record<string, XmlValue> | undefined;
  if (lock !== undefined) found['object-lock'] = writeXml('ObjectLockConfiguration', lock);
  return found;
}

function at(value: unknown, ...path: string[]): unknown {
  return path.reduce((found, name) => (isJson(found) ? found[name] : undefined), value);
}
