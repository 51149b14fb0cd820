/** The examples and the app of this repository as apps to synthesise: their own context, with or without feature flags. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { App, type Stack } from 'aws-cdk-lib';
import recommendedFlags from 'aws-cdk-lib/recommended-feature-flags.json';
import type { Construct } from 'constructs';
import { readEnvironments } from '../../bin/environment';
import { EnvironmentStack } from '../../bin/environment-stack';
import { AuroraExample } from '../../examples/aurora/app';
import { ExistingVaultExample } from '../../examples/existing-vault/app';
import { ExternalDatabaseUrlExample } from '../../examples/external-database-url/app';
import { FullSystemExample } from '../../examples/full-system/app';
import { PointInTimeExample } from '../../examples/point-in-time/app';
import { RdsExample } from '../../examples/rds/app';

export const ROOT = path.join(__dirname, '../..');

type StackClass = new (scope: Construct, id: string) => Stack;

export const EXAMPLES: Record<string, StackClass> = {
  rds: RdsExample,
  aurora: AuroraExample,
  'external-database-url': ExternalDatabaseUrlExample,
  'existing-vault': ExistingVaultExample,
  'full-system': FullSystemExample,
  'point-in-time': PointInTimeExample,
};

export type Flags = 'no flags' | 'recommended flags';

export function exampleApp(name: string, flags: Flags): App {
  const app = appWith(path.join('examples', name), flags);
  new EXAMPLES[name](app, EXAMPLES[name].name);
  return app;
}

export function environmentsApp(flags: Flags): App {
  const app = appWith('.', flags);
  for (const environment of readEnvironments(app.node)) {
    new EnvironmentStack(app, `postgres-backup-${environment.name}`, environment);
  }
  return app;
}

export function cdkJson(folder: string): { app: string; build: string; context: Record<string, unknown> } {
  return JSON.parse(readFileSync(path.join(ROOT, folder, 'cdk.json'), 'utf8')) as ReturnType<typeof cdkJson>;
}

function appWith(folder: string, flags: Flags): App {
  const own = Object.entries(cdkJson(folder).context).filter(([key]) => !(key in recommendedFlags));
  return new App({
    // Findings are read from the report, all at once.
    context: {
      '@aws-cdk/core:failSynthOnValidationErrors': false,
      ...Object.fromEntries(own),
      ...(flags === 'recommended flags' ? recommendedFlags : {}),
    },
    analyticsReporting: false,
  });
}
