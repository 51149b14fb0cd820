/** In which order the resources of a template are made: each after those that it refers to. */
import { StandInError } from '../stand-in-error';
import { intrinsicOf } from './resolve';
import { isJson, type Template, type TemplateResource } from './template';

/** Logical ids. */
export function creationOrder({ Resources }: Template): string[] {
  const ordered: string[] = [];
  const state = new Map<string, 'begun' | 'done'>();
  const visit = (logicalId: string, trail: readonly string[]): void => {
    if (state.get(logicalId) === 'done' || !(logicalId in Resources)) return;
    if (state.get(logicalId) === 'begun') {
      throw new StandInError(`resources refer to each other in a circle: ${[...trail, logicalId].join(' → ')}`);
    }
    state.set(logicalId, 'begun');
    for (const other of dependencies(Resources[logicalId])) visit(other, [...trail, logicalId]);
    state.set(logicalId, 'done');
    ordered.push(logicalId);
  };
  for (const logicalId of Object.keys(Resources)) visit(logicalId, []);
  return ordered;
}

function dependencies({ Properties, DependsOn = [] }: TemplateResource): Set<string> {
  const found = new Set([DependsOn].flat());
  collect(Properties, found);
  return found;
}

function collect(value: unknown, found: Set<string>): void {
  if (Array.isArray(value)) return value.forEach((one) => collect(one, found));
  if (!isJson(value)) return;
  const [name, argument] = intrinsicOf(value) ?? [];
  if (name === 'Ref') found.add(String(argument));
  else if (name === 'Fn::GetAtt') found.add(String(Array.isArray(argument) ? argument[0] : argument).split('.')[0]);
  else if (name === 'Fn::Sub') collectFromText(argument, found);
  Object.values(value).forEach((one) => collect(one, found));
}

function collectFromText(argument: unknown, found: Set<string>): void {
  const [text] = [argument].flat();
  for (const [, name] of String(text).matchAll(/\$\{([^}!]+)\}/g)) found.add(name.split('.')[0]);
}
