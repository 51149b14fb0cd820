/** How an operation of a service is answered. */
import type { Principal } from '../iam/policy';
import { ServiceError } from '../services/service-error';
import { isJson, type Json } from '../template/template';

/** Takes what was asked, gives what is answered: JSON both, or XML's elements. */
export type Operation = (request: Json, principal: Principal) => Promise<object>;
/** By name: `GetSecretValue`. */
export type Operations = Readonly<Record<string, Operation>>;

export function textOf(request: Json, name: string): string {
  const value = request[name];
  if (typeof value === 'string' && value !== '') return value;
  throw new ServiceError('ValidationException', `${name} is ${JSON.stringify(value)}, not a text`);
}

/** A text, or nothing where there is none. */
export function optionalText(request: Json, name: string): string | undefined {
  return request[name] === undefined || request[name] === null ? undefined : textOf(request, name);
}

/** Texts by name: an encryption context. */
export function textsOf(request: Json, name: string): Record<string, string> {
  const value = request[name] ?? {};
  if (isJson(value) && Object.values(value).every((one) => typeof one === 'string')) {
    return value as Record<string, string>;
  }
  throw new ServiceError('ValidationException', `${name} is no map of texts`);
}

/** As AWS's JSON has a time. */
export function seconds(date: Date): number {
  return date.getTime() / 1000;
}
