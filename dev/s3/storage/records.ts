/** What the server keeps about buckets, objects and uploads: plain data, written as JSON. */
import type { ChecksumAlgorithm, ChecksumType, StoredChecksum } from '../checksums/checksum';

export interface BucketRecord {
  name: string;
  region: string;
  /** ISO 8601. */
  createdAt: string;
  versioning: 'Enabled' | 'Suspended' | 'Unversioned';
  objectLock: boolean;
  /** Settings that are kept and given back as they came (XML, or JSON for the policy), by the name of their subresource. */
  documents: Record<string, string>;
}

/** One stored file of an object's bytes: the whole of it, or one part of a multipart upload. */
export interface Segment {
  file: string;
  sizeBytes: number;
  /** Of parts of multipart uploads only. */
  partNumber?: number;
  /** The part's checksum in base64, by the object's algorithm. */
  checksum?: string;
}

export interface Encryption {
  algorithm: string;
  kmsKeyId?: string;
  bucketKey?: boolean;
}

export interface Retention {
  mode: 'GOVERNANCE' | 'COMPLIANCE';
  /** ISO 8601. */
  retainUntil: string;
}

/** What the writer says about an object beside its bytes. */
export interface ObjectAttributes {
  /** Content-Type, Cache-Control and the like, by lower-case header name. */
  headers: Record<string, string>;
  /** `x-amz-meta-*`, without that prefix. */
  metadata: Record<string, string>;
  tags: Record<string, string>;
  storageClass: string;
  encryption: Encryption;
  retention?: Retention;
  legalHold?: boolean;
}

export interface ObjectVersion extends ObjectAttributes {
  /** `null` for a version written while versioning was not enabled. */
  versionId: string;
  deleteMarker: boolean;
  /** ISO 8601. */
  lastModified: string;
  /** Without quotation marks. */
  etag: string;
  sizeBytes: number;
  checksum?: StoredChecksum;
  segments: Segment[];
}

/** A key and its versions, newest first. */
export interface KeyRecord {
  key: string;
  versions: ObjectVersion[];
}

export interface UploadRecord {
  uploadId: string;
  key: string;
  /** ISO 8601. */
  initiated: string;
  attributes: ObjectAttributes;
  /** Asked for when the upload was created; otherwise S3 computes CRC-64/NVME by itself. */
  algorithm?: ChecksumAlgorithm;
  checksumType?: ChecksumType;
}

export interface PartRecord {
  partNumber: number;
  /** Without quotation marks: the hex MD5. */
  etag: string;
  sizeBytes: number;
  /** ISO 8601. */
  lastModified: string;
  file: string;
  algorithm: ChecksumAlgorithm;
  /** Base64. */
  checksum: string;
}
