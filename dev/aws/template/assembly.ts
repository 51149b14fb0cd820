/** Reads what `cdk synth` wrote: the template of a stack, and where its assets lie. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { StandInError } from '../stand-in-error';
import type { Template } from './template';

export interface SynthesisedStack {
  readonly name: string;
  readonly template: Template;
  /** Folder of a file asset, by the object key under which it would be uploaded. */
  assetFolder(objectKey: string): string;
}

interface AssetManifest {
  readonly files?: Readonly<
    Record<
      string,
      {
        readonly source: { readonly path?: string };
        readonly destinations: Readonly<Record<string, { readonly objectKey: string }>>;
      }
    >
  >;
}

/** @param directory Of the cloud assembly: `cdk.out`. */
export function readStack(directory: string, name: string): SynthesisedStack {
  const template = read<Template>(path.join(directory, `${name}.template.json`), name);
  const { files = {} } = read<AssetManifest>(path.join(directory, `${name}.assets.json`), name);
  const folders = new Map(
    Object.values(files).flatMap(({ source, destinations }) =>
      Object.values(destinations).map(({ objectKey }) => [objectKey, path.resolve(directory, source.path ?? '')]),
    ),
  );
  return {
    name,
    template,
    assetFolder: (objectKey) => {
      const folder = folders.get(objectKey);
      if (folder === undefined) throw new StandInError(`the stack ${name} has no asset ${objectKey}`);
      return folder;
    },
  };
}

function read<Content>(file: string, stack: string): Content {
  if (!existsSync(file)) throw new StandInError(`there is no ${file}: was the stack ${stack} synthesised there?`);
  return JSON.parse(readFileSync(file, 'utf8')) as Content;
}
