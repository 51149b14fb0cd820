/** The story, from the first line to the last. */
import { VERSION } from '../../runtime/version';
import { backUp, showStored, verifyStored } from './acts/backup';
import { cutShort, flipBit } from './acts/damage';
import { deploy } from './acts/deploy';
import { makeDatabase, rememberContent } from './acts/database';
import { compare, destroy, restore } from './acts/disaster';
import { goOn, standStill, sumUpRights } from './acts/watch';
import type { Demonstration } from './demonstration';
import { keepRunning } from './keep';
import type { Narrator } from './narrator';
import { openScene, type Scene } from './scene';

export interface StoryOptions {
  /** Whether both servers stay, for trying things out, until the signal. */
  readonly afterwards: 'clean up' | 'keep running';
  readonly signal: AbortSignal;
}

/** Tells it to its end, and leaves nothing behind however it ends. */
export async function tellStory(narrator: Narrator, { afterwards, signal }: StoryOptions): Promise<void> {
  narrator.headline(`postgres-backup ${VERSION}: a backup is deployed, lives, and restores`);
  narrator.say();
  const scene = await openTold(narrator);
  try {
    await act({ scene, narrator, signal });
    if (afterwards === 'keep running') await keepRunning({ scene, narrator, signal });
  } finally {
    await narrator.step('clean up', async (telling) => telling.result(await scene.close()));
  }
}

async function act(demonstration: Demonstration): Promise<void> {
  await deploy(demonstration);
  await makeDatabase(demonstration);
  const content = await rememberContent(demonstration);
  const manifest = await backUp(demonstration);
  await verifyStored(demonstration);
  await showStored(demonstration, manifest);
  await destroy(demonstration);
  await restore(demonstration, manifest);
  await compare(demonstration, content);
  await standStill(demonstration);
  const next = await goOn(demonstration);
  await flipBit(demonstration, next);
  await cutShort(demonstration, next);
  await sumUpRights(demonstration);
}

function openTold(narrator: Narrator): Promise<Scene> {
  return narrator.step('start', async (telling) => {
    const scene = await openScene();
    telling.result(`PostgreSQL ${scene.server.version} and a stand-in for AWS`);
    telling.detail('private, on 127.0.0.1, in temporary folders');
    return scene;
  });
}
