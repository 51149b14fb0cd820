/** Which operation a request is, and which permission it needs. */
import type { Answer } from './answer';
import { s3Error } from './errors';
import type { Exchange } from './exchange';
import type { IncomingRequest } from './incoming-request';
import { BUCKET_DOCUMENTS, deleteDocument, getDocument, putDocument } from './operations/bucket-documents';
import * as bucketState from './operations/bucket-state';
import * as buckets from './operations/buckets';
import { completeMultipartUpload } from './operations/complete-multipart';
import * as copy from './operations/copy';
import { deleteObject, deleteObjects } from './operations/delete-object';
import { getObject, headObject } from './operations/get-object';
import { listMultipartUploads, listParts } from './operations/list-multipart';
import { listObjects, listObjectsV2 } from './operations/list-objects';
import { listObjectVersions } from './operations/list-versions';
import * as multipart from './operations/multipart';
import { getObjectAttributes } from './operations/object-attributes';
import * as objectState from './operations/object-state';
import { putObject } from './operations/put-object';

type Operation = (exchange: Exchange) => Promise<Answer>;

interface RouteRow {
  method: string;
  /** The query parameter that tells this operation from others of its method; `name=value` where the value matters. */
  query?: string;
  /** The header that does. */
  header?: string;
  operation: string;
  /** Nothing when the operation asks by itself, for each object. */
  action?: string;
  /** When the request names a version. */
  versionAction?: string;
  run: Operation;
}

/** The first row that fits is taken, so rows with a parameter stand before those without. */
const OBJECT_ROUTES: RouteRow[] = [
  row(
    'GET',
    'tagging',
    'GetObjectTagging',
    objectState.getObjectTagging,
    's3:GetObjectTagging',
    's3:GetObjectVersionTagging',
  ),
  row(
    'PUT',
    'tagging',
    'PutObjectTagging',
    objectState.putObjectTagging,
    's3:PutObjectTagging',
    's3:PutObjectVersionTagging',
  ),
  row(
    'DELETE',
    'tagging',
    'DeleteObjectTagging',
    objectState.deleteObjectTagging,
    's3:DeleteObjectTagging',
    's3:DeleteObjectVersionTagging',
  ),
  row('GET', 'retention', 'GetObjectRetention', objectState.getObjectRetention, 's3:GetObjectRetention'),
  row('PUT', 'retention', 'PutObjectRetention', objectState.putObjectRetention, 's3:PutObjectRetention'),
  row('GET', 'legal-hold', 'GetObjectLegalHold', objectState.getObjectLegalHold, 's3:GetObjectLegalHold'),
  row('PUT', 'legal-hold', 'PutObjectLegalHold', objectState.putObjectLegalHold, 's3:PutObjectLegalHold'),
  row(
    'GET',
    'attributes',
    'GetObjectAttributes',
    getObjectAttributes,
    's3:GetObjectAttributes',
    's3:GetObjectVersionAttributes',
  ),
  row('POST', 'uploads', 'CreateMultipartUpload', multipart.createMultipartUpload, 's3:PutObject'),
  { ...row('PUT', 'uploadId', 'UploadPartCopy', copy.uploadPartCopy, 's3:PutObject'), header: 'x-amz-copy-source' },
  row('PUT', 'uploadId', 'UploadPart', multipart.uploadPart, 's3:PutObject'),
  row('POST', 'uploadId', 'CompleteMultipartUpload', completeMultipartUpload, 's3:PutObject'),
  row('DELETE', 'uploadId', 'AbortMultipartUpload', multipart.abortMultipartUpload, 's3:AbortMultipartUpload'),
  row('GET', 'uploadId', 'ListParts', listParts, 's3:ListMultipartUploadParts'),
  { ...row('PUT', undefined, 'CopyObject', copy.copyObject, 's3:PutObject'), header: 'x-amz-copy-source' },
  row('PUT', undefined, 'PutObject', putObject, 's3:PutObject'),
  row('GET', undefined, 'GetObject', getObject, 's3:GetObject', 's3:GetObjectVersion'),
  row('HEAD', undefined, 'HeadObject', headObject, 's3:GetObject', 's3:GetObjectVersion'),
  row('DELETE', undefined, 'DeleteObject', deleteObject, 's3:DeleteObject', 's3:DeleteObjectVersion'),
];

const BUCKET_ROUTES: RouteRow[] = [
  ...Object.entries(BUCKET_DOCUMENTS).flatMap(([name, { get, put, delete: remove }]) => [
    row('GET', name, get.operation, getDocument(name), get.action),
    row('PUT', name, put.operation, putDocument(name), put.action),
    ...(remove === undefined ? [] : [row('DELETE', name, remove.operation, deleteDocument(name), remove.action)]),
  ]),
  row('GET', 'versioning', 'GetBucketVersioning', bucketState.getBucketVersioning, 's3:GetBucketVersioning'),
  row('PUT', 'versioning', 'PutBucketVersioning', bucketState.putBucketVersioning, 's3:PutBucketVersioning'),
  row(
    'GET',
    'object-lock',
    'GetObjectLockConfiguration',
    bucketState.getObjectLockConfiguration,
    's3:GetBucketObjectLockConfiguration',
  ),
  row(
    'PUT',
    'object-lock',
    'PutObjectLockConfiguration',
    bucketState.putObjectLockConfiguration,
    's3:PutBucketObjectLockConfiguration',
  ),
  row('GET', 'location', 'GetBucketLocation', bucketState.getBucketLocation, 's3:GetBucketLocation'),
  row('GET', 'acl', 'GetBucketAcl', bucketState.getBucketAcl, 's3:GetBucketAcl'),
  row('GET', 'versions', 'ListObjectVersions', listObjectVersions, 's3:ListBucketVersions'),
  row('GET', 'uploads', 'ListMultipartUploads', listMultipartUploads, 's3:ListBucketMultipartUploads'),
  row('POST', 'delete', 'DeleteObjects', deleteObjects),
  row('GET', 'list-type=2', 'ListObjectsV2', listObjectsV2, 's3:ListBucket'),
  row('GET', undefined, 'ListObjects', listObjects, 's3:ListBucket'),
  row('HEAD', undefined, 'HeadBucket', buckets.headBucket, 's3:ListBucket'),
  row('PUT', undefined, 'CreateBucket', buckets.createBucket, 's3:CreateBucket'),
  row('DELETE', undefined, 'DeleteBucket', buckets.deleteBucket, 's3:DeleteBucket'),
];

const SERVICE_ROUTES: RouteRow[] = [row('GET', undefined, 'ListBuckets', buckets.listBuckets, 's3:ListAllMyBuckets')];

/** Parameters that name a part of S3 which this server does not have: better refused than taken for something else. */
const UNSUPPORTED = [
  'accelerate',
  'acl',
  'analytics',
  'annotation',
  'intelligent-tiering',
  'inventory',
  'metrics',
  'policyStatus',
  'requestPayment',
  'restore',
  'select',
  'torrent',
  'website',
];

export interface Route {
  operation: string;
  actionFor: (request: IncomingRequest) => string | undefined;
  run: Operation;
}

export function findRoute(request: IncomingRequest): Route {
  const found = routesFor(request).find((one) => fits(one, request));
  const unsupported = UNSUPPORTED.find((name) => request.query.has(name));
  if (unsupported !== undefined && found?.query === undefined) {
    throw s3Error('NotImplemented', undefined, { Header: unsupported });
  }
  if (found === undefined) throw s3Error('MethodNotAllowed', undefined, { Method: request.method });
  return { operation: found.operation, actionFor: (asked) => actionOf(found, asked), run: found.run };
}

function routesFor({ bucket, key }: IncomingRequest): RouteRow[] {
  if (bucket === undefined) return SERVICE_ROUTES;
  return key === undefined ? BUCKET_ROUTES : OBJECT_ROUTES;
}

function fits({ method, query, header }: RouteRow, request: IncomingRequest): boolean {
  if (method !== request.method) return false;
  if (header !== undefined && request.header(header) === undefined) return false;
  if (query === undefined) return true;
  const [name, value] = query.split('=');
  return value === undefined ? request.query.has(name) : request.query.get(name) === value;
}

function actionOf({ action, versionAction }: RouteRow, request: IncomingRequest): string | undefined {
  return request.query.has('versionId') ? (versionAction ?? action) : action;
}

function row(
  method: string,
  query: string | undefined,
  operation: string,
  run: Operation,
  action?: string,
  versionAction?: string,
): RouteRow {
  return { method, query, operation, run, action, versionAction };
}
