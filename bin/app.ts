/**
 * The CDK app of this repository: one stack for each environment in the context of cdk.json, each a full example of its plan.
 *
 *     npx cdk deploy postgres-backup-development
 */
import { App } from 'aws-cdk-lib';
import { readEnvironments } from './environment';
import { EnvironmentStack } from './environment-stack';

const app = new App();
for (const environment of readEnvironments(app.node)) {
  new EnvironmentStack(app, `postgres-backup-${environment.name}`, environment);
}
