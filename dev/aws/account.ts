/** Names of things in the one account and region that the stand-in is. */
import { ACCOUNT_ID } from '../s3/settings';

export interface Account {
  readonly id: string;
  readonly region: string;
}

export const PARTITION = 'aws';
export const URL_SUFFIX = 'amazonaws.com';

export function accountIn(region: string): Account {
  return { id: ACCOUNT_ID, region };
}

/** `arn:aws:<service>:<region>:<account>:<resource>`. */
export function arnOf(account: Account, service: string, resource: string): string {
  return `arn:${PARTITION}:${service}:${account.region}:${account.id}:${resource}`;
}

/** Of things without a region: roles and policies. */
export function iamArn({ id }: Account, resource: string): string {
  return `arn:${PARTITION}:iam::${id}:${resource}`;
}

export function bucketArn(bucket: string, key?: string): string {
  return `arn:${PARTITION}:s3:::${bucket}${key === undefined ? '' : `/${key}`}`;
}
