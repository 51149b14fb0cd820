/** What the function that mirrors between the runs is told, through its environment. */
import {
  ENVIRONMENT,
  mirrorPrefix,
  mirrorSettingsProblem,
  sourceNameProblem,
  type MirrorSetting,
} from '../../../../model';
import { BackupError } from '../../../errors';
import { parseBucketUri } from '../../../store/bucket-uri';
import { Bandwidth } from '../mirror/bandwidth';
import { openBucket, openMirror } from '../open-mirrors';
import { DEFAULT_MIRROR_SETTINGS } from '../types';
import type { EarlyMirror } from './handle-batch';

export interface ContinuousSettings {
  readonly vaultUri: string;
  readonly source: string;
  readonly mirrors: readonly MirrorSetting[];
}

/** Throws `configuration-invalid`, with the variable's name. */
export function readContinuousSettings(env: NodeJS.ProcessEnv): ContinuousSettings {
  const source = required(env, ENVIRONMENT.source);
  const problem = sourceNameProblem(source);
  if (problem) throw invalid(ENVIRONMENT.source, source, `as a source's name, ${problem}`);
  return { vaultUri: required(env, ENVIRONMENT.vault), source, mirrors: readMirrors(env) };
}

/** Opens the buckets; nothing is asked yet. */
export function openEarlyMirrors({ vaultUri, source, mirrors }: ContinuousSettings): Promise<EarlyMirror[]> {
  return Promise.all(
    mirrors.map(async (setting) => ({
      bucket: parseBucketUri(setting.from).bucket,
      copier: {
        mirror: await openMirror(setting, noSecret),
        vault: await openBucket({ uri: vaultUri }, noSecret),
        prefix: mirrorPrefix(source, setting.name),
        settings: DEFAULT_MIRROR_SETTINGS,
        bandwidth: new Bandwidth(undefined),
      },
    })),
  );
}

function readMirrors(env: NodeJS.ProcessEnv): readonly MirrorSetting[] {
  const name = ENVIRONMENT.mirrors;
  const text = required(env, name);
  const mirrors = parsed(text);
  const problem = mirrorSettingsProblem(mirrors);
  if (problem !== undefined) throw invalid(name, text, problem);
  const without = (mirrors as readonly MirrorSetting[]).find(({ continuous }) => continuous !== true);
  if (without) throw invalid(name, text, `mirror "${without.name}" is not continuous`);
  return mirrors as readonly MirrorSetting[];
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Only buckets of S3 tell of what is written to them, and these are read with the function's role. */
function noSecret(name: string): Promise<string> {
  return Promise.reject(
    new BackupError('configuration-invalid', `the secret ${JSON.stringify(name)} is not for this function`),
  );
}

function required(env: NodeJS.ProcessEnv, name: string): string {
  const value = env[name];
  if (value !== undefined && value !== '') return value;
  throw new BackupError('configuration-invalid', `environment variable ${name} is not set`, { hint: DEPLOY_AGAIN });
}

function invalid(name: string, value: string, detail: string): BackupError {
  const message = `${name} is ${JSON.stringify(value)}`;
  return new BackupError('configuration-invalid', message, { detail, hint: DEPLOY_AGAIN });
}

const DEPLOY_AGAIN = 'The construct that deploys this function sets it; deploy again.';
