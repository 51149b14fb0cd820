/** What makes a resource of a template: one for each type of CloudFormation. */
import type { Cloud } from '../cloud';
import { StandInError } from '../stand-in-error';
import type { SynthesisedStack } from '../template/assembly';
import type { CreatedResource } from '../template/resolve';
import type { Json } from '../template/template';

export interface DeclaredResource {
  readonly logicalId: string;
  readonly type: string;
  /** Resolved. */
  readonly properties: Json;
  readonly stack: SynthesisedStack;
}

/** Where a database of the template really is. */
export interface DatabaseEndpoint {
  readonly host: string;
  readonly port: number;
}

/** A database that the template asks for. */
export interface DatabaseOrder {
  readonly logicalId: string;
  readonly name: string;
  readonly user: string;
  readonly password: string;
}

/** What the machine gives that the template cannot say. */
export interface Surroundings {
  /** Makes a database that the template asks for. @default the template may have none */
  readonly database?: (order: DatabaseOrder) => Promise<DatabaseEndpoint>;
  /** Texts of secrets, by logical id; others are made as the template says. */
  readonly secrets?: Readonly<Record<string, string>>;
}

export type Handler = (
  resource: DeclaredResource,
  cloud: Cloud,
  surroundings: Surroundings,
) => CreatedResource | Promise<CreatedResource>;

/** A type that is not lived: it has a name and nothing happens. */
export interface NotLived {
  readonly notLived: string;
  readonly create: Handler;
}

/** A name as CloudFormation makes one, short enough for every service. */
export function physicalName({ stack, logicalId }: DeclaredResource): string {
  return `${stack.name}-${logicalId}`;
}

export function text({ properties, logicalId }: DeclaredResource, name: string): string {
  const value = properties[name];
  if (typeof value === 'string') return value;
  throw new StandInError(`${logicalId} has ${JSON.stringify(value)} for ${name}, which is no text`);
}

export function optional({ properties }: DeclaredResource, name: string): string | undefined {
  const value = properties[name];
  return typeof value === 'string' ? value : undefined;
}
