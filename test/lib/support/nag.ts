/** Constructs under the rule packs that companies run. A careless bucket shows that each pack has looked. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { App, Stack, Validations } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { AwsSolutionsChecks, HIPAASecurityChecks, NIST80053R5Checks, PCIDSS321Checks } from 'cdk-nag';

interface Report {
  readonly pluginReports: readonly {
    readonly pluginName: string;
    readonly violations: readonly {
      readonly ruleName: string;
      readonly violatingConstructs: readonly { readonly constructPath?: string }[];
    }[];
  }[];
}

const PACKS = ['AwsSolutions', 'HIPAA.Security', 'NIST.800.53.R5', 'PCI.DSS.321'];

/** What the packs find in what `build` puts into the app, and nobody has acknowledged: `path: rule (pack)`. */
export function findingsOf(build: (app: App) => void): string[] {
  jest.spyOn(console, 'error').mockImplementation(() => undefined);
  const app = new App({ context: { '@aws-cdk/core:failSynthOnValidationErrors': false }, analyticsReporting: false });
  build(app);
  new s3.Bucket(new Stack(app, 'Careless'), 'Bucket');
  Validations.of(app).addPlugins(
    new AwsSolutionsChecks(app),
    new HIPAASecurityChecks(app),
    new NIST80053R5Checks(app),
    new PCIDSS321Checks(app),
  );
  const findings = reported(validated(app));
  const careless = findings.filter((line) => line.startsWith('Careless/')).join('\n');
  for (const pack of PACKS) {
    if (!careless.includes(`(${pack})`)) throw new Error(`${pack} has not looked`);
  }
  return findings.filter((line) => !line.startsWith('Careless/'));
}

function validated(app: App): Report {
  const previous = process.env.CDK_VALIDATION;
  process.env.CDK_VALIDATION = 'true';
  try {
    return JSON.parse(readFileSync(path.join(app.synth().directory, 'validation-report.json'), 'utf8')) as Report;
  } finally {
    if (previous === undefined) delete process.env.CDK_VALIDATION;
    else process.env.CDK_VALIDATION = previous;
  }
}

function reported({ pluginReports }: Report): string[] {
  return pluginReports.flatMap(({ pluginName, violations }) =>
    violations.flatMap(({ ruleName, violatingConstructs }) =>
      violatingConstructs.map(({ constructPath }) => `${constructPath}: ${ruleName} (${pluginName})`),
    ),
  );
}
