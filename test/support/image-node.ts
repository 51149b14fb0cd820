/** How the image runs Node: what is measured here is to hold there. */
import { readFileSync } from 'node:fs';
import path from 'node:path';

const DOCKERFILE = path.join(__dirname, '../../image/Dockerfile');

/** For the environment of a program: the flags of the image's entry point. */
export function nodeOptionsOfImage(): { readonly NODE_OPTIONS: string } {
  const entryPoint = /^ENTRYPOINT (?<words>\[.*\])$/m.exec(readFileSync(DOCKERFILE, 'utf8'))?.groups?.words;
  const words = JSON.parse(entryPoint ?? '[]') as string[];
  const flags = words.filter((word) => word.startsWith('--'));
  if (flags.length === 0) throw new Error(`${DOCKERFILE} has no entry point with flags of Node`);
  return { NODE_OPTIONS: flags.join(' ') };
}
