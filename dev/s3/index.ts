/**
 * An S3 server for development, demonstrations and tests: one process, one directory, Node's standard library only.
 * It is not for data that anybody needs: no encryption at rest, no replication, one machine.
 */
export { startS3Server, type BucketSettings, type S3Server } from './server';
export type { Fault } from './fault';
export { FaultPlan, type FaultRule, type InjectedFault } from './faults';
export { Damage, type DamageTarget } from './damage';
export type { AuthorizationRequest, ObjectEvent, S3Credential, S3ServerOptions, ServedRequest } from './settings';
