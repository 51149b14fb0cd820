/**
 * Resolves the intrinsic functions of a template as CloudFormation does. What it does not know it refuses: a value that was left
 * as it stands would be lived as something else.
 */
import { StandInError } from '../stand-in-error';
import { isJson, type Json, type Template } from './template';

/** What a resource answers to `Ref` and `Fn::GetAtt` once it is there. */
export interface CreatedResource {
  readonly ref: string;
  readonly attributes?: Json;
}

export interface ResolveContext {
  readonly template: Template;
  /** `AWS::Region` and the like. */
  readonly pseudo: Readonly<Record<string, string>>;
  /** Values of parameters; those that are not here have their default. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** @throws StandInError when there is none yet. */
  resource(logicalId: string): CreatedResource;
  /** What another stack exports under a name. */
  imported(name: string): unknown;
}

const NO_VALUE = 'AWS::NoValue';

export class Resolver {
  private readonly conditions = new Map<string, boolean>();

  constructor(private readonly context: ResolveContext) {}

  /** The value with every function replaced by what it gives; undefined where it is `AWS::NoValue`. */
  resolve(value: unknown): unknown {
    if (Array.isArray(value)) return value.map((one) => this.resolve(one)).filter((one) => one !== undefined);
    if (!isJson(value)) return value;
    const intrinsic = intrinsicOf(value);
    if (intrinsic !== undefined) return this.call(...intrinsic);
    const entries = Object.entries(value).map(([name, one]) => [name, this.resolve(one)] as const);
    return Object.fromEntries(entries.filter(([, one]) => one !== undefined));
  }

  /** Whether a condition of the template holds. */
  holds(name: string): boolean {
    const known = this.conditions.get(name);
    if (known !== undefined) return known;
    const condition = this.context.template.Conditions?.[name];
    if (condition === undefined) throw new StandInError(`the template has no condition "${name}"`);
    const holds = this.test(condition);
    this.conditions.set(name, holds);
    return holds;
  }

  private call(name: string, argument: unknown): unknown {
    const intrinsic = this.functions[name];
    if (intrinsic === undefined) {
      throw new StandInError(
        `the stand-in does not know ${name}: ${JSON.stringify({ [name]: argument }).slice(0, 200)}; see ${__filename}`,
      );
    }
    return intrinsic(argument);
  }

  private readonly functions: Readonly<Record<string, (argument: unknown) => unknown>> = {
    Ref: (name) => this.ref(String(name)),
    'Fn::GetAtt': (path) => this.attribute(path),
    'Fn::Join': (argument) => {
      const [delimiter, parts] = pair(this.resolve(argument), 'Fn::Join');
      return list(parts, 'Fn::Join').map(scalar).join(String(delimiter));
    },
    'Fn::Sub': (argument) => this.substitute(argument),
    'Fn::Select': (argument) => {
      const [index, values] = pair(this.resolve(argument), 'Fn::Select');
      const all = list(values, 'Fn::Select');
      if (!(Number(index) in all)) {
        throw new StandInError(`Fn::Select asks for ${String(index)} of ${all.length} values`);
      }
      return all[Number(index)];
    },
    'Fn::Split': (argument) => {
      const [delimiter, text] = pair(this.resolve(argument), 'Fn::Split');
      return scalar(text).split(String(delimiter));
    },
    'Fn::ImportValue': (name) => this.context.imported(scalar(this.resolve(name))),
    'Fn::If': (argument) => {
      const [condition, then, otherwise] = list(argument, 'Fn::If');
      return this.resolve(this.holds(String(condition)) ? then : otherwise);
    },
    'Fn::FindInMap': (argument) => {
      const [map, first, second] = list(this.resolve(argument), 'Fn::FindInMap').map(scalar);
      const found = this.context.template.Mappings?.[map]?.[first]?.[second];
      if (found === undefined)
        throw new StandInError(`there is no ${map}.${first}.${second} in the template's mappings`);
      return found;
    },
    'Fn::Base64': (text) => Buffer.from(scalar(this.resolve(text))).toString('base64'),
  };

  private ref(name: string): unknown {
    if (name === NO_VALUE) return undefined;
    if (name.startsWith('AWS::')) {
      const value = this.context.pseudo[name];
      if (value === undefined) throw new StandInError(`the stand-in does not know the pseudo parameter ${name}`);
      return value;
    }
    const { template, parameters = {} } = this.context;
    if (name in parameters) return parameters[name];
    const parameter = template.Parameters?.[name];
    if (parameter === undefined) return this.context.resource(name).ref;
    if (parameter.Default === undefined)
      throw new StandInError(`the parameter ${name} has no default and was not given`);
    return parameter.Default;
  }

  private attribute(path: unknown): unknown {
    const [logicalId, ...rest] = typeof path === 'string' ? path.split('.') : list(path, 'Fn::GetAtt').map(scalar);
    const name = rest.join('.');
    const { attributes = {} } = this.context.resource(logicalId);
    if (!(name in attributes)) {
      const { Type } = this.context.template.Resources[logicalId];
      throw new StandInError(`the stand-in does not know the attribute ${name} of ${Type} (${logicalId})`);
    }
    return attributes[name];
  }

  private substitute(argument: unknown): string {
    const [text, given] = typeof argument === 'string' ? [argument, {}] : list(argument, 'Fn::Sub');
    const variables = this.resolve(given) as Json;
    return String(text).replace(/\$\{(!?)([^}]+)\}/g, (_all, literal: string, name: string) => {
      if (literal) return `\${${name}}`;
      if (name in variables) return scalar(variables[name]);
      return scalar(name.includes('.') ? this.attribute(name) : this.ref(name));
    });
  }

  private test(condition: unknown): boolean {
    const [name, argument] = (isJson(condition) ? intrinsicOf(condition) : undefined) ?? ['', undefined];
    const operands = (): boolean[] => list(argument, name).map((one) => this.test(one));
    if (name === 'Condition') return this.holds(String(argument));
    if (name === 'Fn::And') return operands().every(Boolean);
    if (name === 'Fn::Or') return operands().some(Boolean);
    if (name === 'Fn::Not') return !operands()[0];
    if (name === 'Fn::Equals') {
      const [left, right] = pair(this.resolve(argument), name);
      return JSON.stringify(left) === JSON.stringify(right);
    }
    throw new StandInError(`the stand-in does not know the condition ${JSON.stringify(condition)}`);
  }
}

/** An object with one name that is a function's: `{ "Fn::Join": … }`. A policy's `Condition` is none. */
export function intrinsicOf(value: Json): [name: string, argument: unknown] | undefined {
  const names = Object.keys(value);
  if (names.length !== 1) return undefined;
  const [name] = names;
  if (name === 'Ref' || name.startsWith('Fn::')) return [name, value[name]];
  return name === 'Condition' && typeof value[name] === 'string' ? [name, value[name]] : undefined;
}

function list(value: unknown, name: string): unknown[] {
  if (Array.isArray(value)) return value as unknown[];
  throw new StandInError(`${name} is given ${JSON.stringify(value)}, which is no list`);
}

function pair(value: unknown, name: string): [unknown, unknown] {
  const all = list(value, name);
  if (all.length !== 2) throw new StandInError(`${name} is given ${all.length} values in place of two`);
  return [all[0], all[1]];
}

function scalar(value: unknown): string {
  if (['string', 'number', 'boolean'].includes(typeof value)) return String(value);
  throw new StandInError(`${JSON.stringify(value)} stands where a text is needed`);
}
