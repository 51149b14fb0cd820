/**
 * What cdk.json says about an environment, checked: a misspelt setting stops the synthesis instead of being left out.
 */
import { Node } from 'constructs';

export interface Environment {
  readonly name: EnvironmentName;
  /** The database that the stack backs up; without it, the stack makes a small one. */
  readonly existingDatabase?: ExistingDatabase;
  /** Account and region, where they are not those of the command line. */
  readonly account?: string;
  readonly region?: string;
  /** E-mail addresses that are told when an alarm goes off; without any, synthesis warns. */
  readonly notify?: string[];
}

export const ENVIRONMENT_NAMES = ['development', 'staging', 'production'] as const;
export type EnvironmentName = (typeof ENVIRONMENT_NAMES)[number];

/** A database with its `DATABASE_URL` in a secret. */
export interface ExistingDatabase {
  /** Name or ARN of the secret in Secrets Manager. */
  readonly databaseUrlSecret: string;
  /** The field of the secret that holds the URL, where it is not the URL itself. */
  readonly urlField?: string;
  readonly postgresVersion: string;
}

/** Context key in cdk.json. */
export const CONTEXT_KEY = 'environments';

export function readEnvironments(node: Node): Environment[] {
  const settings = asObject(node.tryGetContext(CONTEXT_KEY), CONTEXT_KEY);
  return Object.entries(settings).map(([name, value]) => readEnvironment(name, value));
}

function readEnvironment(name: string, value: unknown): Environment {
  const place = `${CONTEXT_KEY}.${name}`;
  const known = ENVIRONMENT_NAMES.find((candidate) => candidate === name);
  if (!known) throw new Error(`${place} in cdk.json is not known: use ${ENVIRONMENT_NAMES.join(', ')}`);
  const settings = asObject(value, place);
  const { existingDatabase, account, region, notify } = settings;
  refuseOthers(settings, ['existingDatabase', 'account', 'region', 'notify'], place);
  return {
    name: known,
    existingDatabase:
      existingDatabase === undefined ? undefined : readDatabase(existingDatabase, `${place}.existingDatabase`),
    account: optionalText(account, `${place}.account`),
    region: optionalText(region, `${place}.region`),
    notify: optionalTexts(notify, `${place}.notify`),
  };
}

function readDatabase(value: unknown, place: string): ExistingDatabase {
  const settings = asObject(value, place);
  const { databaseUrlSecret, urlField, postgresVersion } = settings;
  refuseOthers(settings, ['databaseUrlSecret', 'urlField', 'postgresVersion'], place);
  return {
    databaseUrlSecret: text(databaseUrlSecret, `${place}.databaseUrlSecret`),
    urlField: optionalText(urlField, `${place}.urlField`),
    postgresVersion: text(postgresVersion, `${place}.postgresVersion`),
  };
}

function asObject(value: unknown, place: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error(`${place} in cdk.json is ${JSON.stringify(value) ?? 'not there'}, but must be an object`);
  }
  return value as Record<string, unknown>;
}

function text(value: unknown, place: string): string {
  if (typeof value !== 'string' || value === '') {
    throw new Error(`${place} in cdk.json is ${JSON.stringify(value) ?? 'not there'}, but must be a text such as "17"`);
  }
  return value;
}

function optionalText(value: unknown, place: string): string | undefined {
  return value === undefined ? undefined : text(value, place);
}

function optionalTexts(value: unknown, place: string): string[] | undefined {
  if (value === undefined) return undefined;
  if (!Array.isArray(value)) throw new Error(`${place} in cdk.json is ${JSON.stringify(value)}, but must be a list`);
  return value.map((item, index) => text(item, `${place}[${index}]`));
}

function refuseOthers(settings: Record<string, unknown>, known: string[], place: string): void {
  const unknown = Object.keys(settings).filter((key) => !known.includes(key));
  if (unknown.length > 0) {
    throw new Error(`${place}.${unknown[0]} in cdk.json is not known: use ${known.join(', ')}`);
  }
}
