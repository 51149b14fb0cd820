/** The function behind the custom resource: one code for both of its handlers, which the framework of CDK calls in turn. */
import { ENVIRONMENT, sourceNameProblem } from '../../model';
import { BackupError, toBackupError } from '../errors';
import { logLine } from '../observe/log-line';
import { beginHolding, mayGoOn, type DeploymentEvent, type PreDeploymentContext } from './pre-deployment';

export interface HandleContext {
  readonly env: { readonly vault?: string; readonly source?: string };
  readonly open: (source: string, vaultUri: string) => Promise<Omit<PreDeploymentContext, 'source' | 'now' | 'tell'>>;
  /** Takes whole lines of the log. */
  readonly write: (line: string) => void;
  readonly now: () => Date;
}

/**
 * With what the first handler gave, the event is the second one's. A deletion never needs anything that may be gone already.
 *
 * @see https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.custom_resources-readme.html#provider-framework
 */
export async function handleDeployment(event: unknown, { env, open, write, now }: HandleContext): Promise<object> {
  const request = checked(event);
  if (request.RequestType === 'Delete')
    return request.Data ? { IsComplete: true } : answer('it is taken out of the stack');
  const source = required(ENVIRONMENT.source, env.source);
  const problem = sourceNameProblem(source);
  if (problem) throw new BackupError('configuration-invalid', `${ENVIRONMENT.source} is ${JSON.stringify(source)}`);
  const tell = (text: string): void =>
    write(logLine(now(), { level: 'warning', event: 'deployment', phase: 'starting', text }));
  const context = { ...(await open(source, required(ENVIRONMENT.vault, env.vault))), source, now, tell };
  try {
    if (request.Data) {
      const isComplete = await mayGoOn(request, context);
      write(
        logLine(now(), { level: 'info', event: 'deployment', phase: request.Data.phase, goesOn: String(isComplete) }),
      );
      return { IsComplete: isComplete };
    }
    const held = await beginHolding(request, context);
    const why = held.phase === 'nothing' ? held.reason : held.tasks.map(({ arn }) => arn).join(' ');
    write(logLine(now(), { level: 'info', event: 'deployment', phase: held.phase, why }));
    return { PhysicalResourceId: RESOURCE_ID, Data: held };
  } catch (thrown) {
    const { code, message, detail } = toBackupError(thrown);
    write(logLine(now(), { level: 'error', event: 'deployment-held', code, message, detail }));
    // CloudFormation shows the message, and nothing else.
    throw new Error([message, detail].filter(Boolean).join(': '), { cause: thrown });
  }
}

/** Always the same: another id would have CloudFormation delete the one before. */
const RESOURCE_ID = 'pre-deployment-backup';

function answer(reason: string): object {
  return { PhysicalResourceId: RESOURCE_ID, Data: { phase: 'nothing', reason } };
}

function checked(event: unknown): DeploymentEvent {
  const type = (event as Partial<DeploymentEvent> | null)?.RequestType;
  if (type === 'Create' || type === 'Update' || type === 'Delete') return event as DeploymentEvent;
  throw new BackupError('usage', `an event of another kind came: ${JSON.stringify(event).slice(0, 500)}`);
}

function required(name: string, value: string | undefined): string {
  if (value !== undefined && value !== '') return value;
  throw new BackupError('configuration-invalid', `environment variable ${name} is not set`, {
    hint: 'The construct that deploys this function sets it; deploy again.',
  });
}
