/** What `cdk synth` does, without a command of its own: the demonstration's stack as a template with its assets. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readStack, type SynthesisedStack } from '../aws';

const STACK = 'Clinic';

export interface Synthesis {
  readonly stack: SynthesisedStack;
  /** Resources in the template. */
  readonly size: number;
  readonly remove: () => Promise<void>;
}

export async function synthesise(major: number): Promise<Synthesis> {
  // Loaded here, so that the first line of the story does not wait for it.
  const { App } = await import('aws-cdk-lib');
  const { ClinicStack } = await import('./stack');
  const outdir = await mkdtemp(path.join(tmpdir(), 'postgres-backup-assembly-'));
  // CDK's own validation of templates takes longer than all the rest; tests of the constructs do it.
  process.env.CDK_VALIDATION = 'false';
  const app = new App({ outdir, analyticsReporting: false });
  new ClinicStack(app, STACK, { major });
  app.synth();
  const stack = readStack(outdir, STACK);
  return {
    stack,
    size: Object.keys(stack.template.Resources).length,
    remove: () => rm(outdir, { recursive: true, force: true }),
  };
}
