/** What a rule gives its target: the event, a part of it, a text of its own, or that with parts of the event in it. */
import { StandInError } from '../stand-in-error';
import { isJson, type Json } from '../template/template';

export interface TargetInput {
  readonly Input?: string;
  readonly InputPath?: string;
  readonly InputTransformer?: {
    readonly InputPathsMap?: Readonly<Record<string, string>>;
    readonly InputTemplate: string;
  };
}

export function targetInput(target: TargetInput, event: Json): unknown {
  if (target.Input !== undefined) return JSON.parse(target.Input);
  if (target.InputPath !== undefined) return at(event, target.InputPath);
  if (target.InputTransformer === undefined) return event;
  const { InputPathsMap = {}, InputTemplate } = target.InputTransformer;
  return fill(InputTemplate, (name) => {
    if (name === 'aws.events.event' || name === 'aws.events.event.json') return event;
    const path = InputPathsMap[name];
    if (path === undefined) throw new StandInError(`the input template names <${name}>, which has no path`);
    return at(event, path);
  });
}

/** Inside of a text a value stands as it is, elsewhere as JSON; one that is not there is an empty text. */
function fill(template: string, valueOf: (name: string) => unknown): unknown {
  let isInText = false;
  const filled = template.replace(/\\.|"|<([^<>"]+)>/g, (piece, name: string | undefined) => {
    if (piece === '"') isInText = !isInText;
    if (name === undefined) return piece;
    const value = valueOf(name) ?? '';
    if (!isInText) return JSON.stringify(value);
    return JSON.stringify(typeof value === 'string' ? value : JSON.stringify(value)).slice(1, -1);
  });
  return JSON.parse(filled);
}

/** `$.detail.object.key`, `$.resources[0]`. */
function at(event: Json, path: string): unknown {
  const steps = path.replace(/^\$\.?/, '').match(/[^.[\]]+/g) ?? [];
  return steps.reduce<unknown>((value, step) => {
    if (Array.isArray(value)) return value[Number(step)] as unknown;
    return isJson(value) ? value[step] : undefined;
  }, event);
}
