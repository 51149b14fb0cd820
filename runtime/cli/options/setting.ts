import { Help, InvalidArgumentError, Option, type Command } from 'commander';
import { ENVIRONMENT, type EnvironmentKey } from '../../../model';
import { usageError } from '../../errors';
import type { ReadValue } from './values';

/**
 * An option with a fallback in the environment. Commander's own `.env()` takes any value of a flag's variable for yes, `false`
 * too, and reads lists like single values; so the environment is read here, after the command line, which wins.
 */
export class Setting extends Option {
  private key?: EnvironmentKey;
  private read: ReadValue<unknown> = (text) => (this.parseArg ? this.parseArg(text, undefined) : text);

  /** `read` says how the variable's text is understood; without it, as the option's own text is. */
  fromEnvironment(key: EnvironmentKey, read?: ReadValue<unknown>): this {
    this.key = key;
    if (read) this.read = read;
    return this;
  }

  get variable(): string | undefined {
    return this.key && ENVIRONMENT[this.key];
  }

  valueIn(env: NodeJS.ProcessEnv): unknown {
    return this.key && readVariable(env, this.key, this.read);
  }
}

/** The value of a variable of ours; nothing when it is absent or empty. An unreadable one is wrong usage, with its name and text. */
export function readVariable<Value>(
  env: NodeJS.ProcessEnv,
  key: EnvironmentKey,
  read: ReadValue<Value>,
): Value | undefined {
  const text = env[ENVIRONMENT[key]];
  if (text === undefined || text === '') return undefined;
  try {
    return read(text);
  } catch (thrown) {
    if (!(thrown instanceof InvalidArgumentError)) throw thrown;
    throw usageError(`environment variable ${ENVIRONMENT[key]} is ${JSON.stringify(text)}`, thrown.message);
  }
}

/** Gives the settings that the command line left open their values from the environment: all of them, or those named. */
export function applyEnvironment(
  command: Command,
  env: NodeJS.ProcessEnv,
  only?: readonly ('vault' | 'source')[],
): void {
  for (const option of command.options) {
    if (!(option instanceof Setting)) continue;
    const name = option.attributeName();
    if (only && !only.some((key) => key === name)) continue;
    const source = command.getOptionValueSource(name);
    if (source !== undefined && source !== 'default') continue;
    const value = option.valueIn(env);
    if (value !== undefined) command.setOptionValueWithSource(name, value, 'env');
  }
}

/** An option's line in the help, with its variable. */
export function describeOption(option: Option): string {
  const description = new Help().optionDescription(option);
  const variable = option instanceof Setting ? option.variable : undefined;
  if (variable === undefined) return description;
  return description.endsWith(')') && description !== option.description
    ? `${description.slice(0, -1)}, env: ${variable})`
    : `${description} (env: ${variable})`;
}
