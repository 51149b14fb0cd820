/**
 * A stand-in for AWS, for development, demonstrations and tests: it reads a synthesised template and lives it, on a clock that is
 * moved, with every call authorised by the template's own policies. What it is not is in docs/stand-in.md.
 */
export { Cloud, type CloudOptions } from './cloud';
export { deployStack, type DeployOptions, type Deployment } from './deploy';
export { describeUse } from './describe-use';
export { ServiceError } from './services/service-error';
export { StandInError } from './stand-in-error';
export { readStack, type SynthesisedStack } from './template/assembly';
