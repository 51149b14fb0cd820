import { runConfigurationName, runConfigurationProblem, type RunConfiguration } from '../../model';
import { BackupError } from '../errors';

const CONNECTION_TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 15_000;
const ATTEMPTS = 4;

/** Gives the text of a parameter of Systems Manager. */
export type ReadParameter = (name: string) => Promise<string>;

/** What the stack wrote down for those who start its tasks. `configuration-invalid` when there is none. */
export async function readRunConfiguration(
  source: string,
  vaultUri: string,
  readParameter: ReadParameter = readSsmParameter,
): Promise<RunConfiguration> {
  const name = runConfigurationName(source, vaultUri);
  const text = await readParameter(name);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw invalid(name, `it is not JSON (${(error as Error).message})`);
  }
  const problem = runConfigurationProblem(value);
  if (problem !== undefined) throw invalid(name, problem);
  return value as RunConfiguration;
}

const readSsmParameter: ReadParameter = async (name) => {
  const { GetParameterCommand, SSMClient } = await import('@aws-sdk/client-ssm');
  const client = new SSMClient({
    maxAttempts: ATTEMPTS,
    requestHandler: { connectionTimeout: CONNECTION_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS },
  });
  try {
    const { Parameter: parameter } = await client.send(new GetParameterCommand({ Name: name }));
    if (parameter?.Value !== undefined) return parameter.Value;
  } catch (thrown) {
    throw unreadable(name, thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown));
  } finally {
    client.destroy();
  }
  throw unreadable(name, 'it has no value');
};

function unreadable(name: string, detail: string): BackupError {
  return new BackupError('configuration-invalid', `cannot read the parameter ${name}`, {
    detail,
    hint:
      'The stack of the backup writes it; --vault and --source must be as deployed, and the region that of the stack. ' +
      'The caller needs ssm:GetParameter: see backup.grantRun. Or run the components here, with --local.',
  });
}

function invalid(name: string, detail: string): BackupError {
  return new BackupError('configuration-invalid', `the parameter ${name} is not usable`, {
    detail,
    hint: 'Deploy the stack again, with the same version of the package as this program.',
  });
}
