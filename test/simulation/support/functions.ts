/** The functions of a simulation: the code that is deployed, with the template's environment, and what Lambda does around it. */
import { EmfReader } from '../../../dev/aws/watch/emf';
import { BackupError } from '../../../runtime/errors';
import { retainAll } from '../../../runtime/retention/retain-all';
import { readRetentionSettings } from '../../../runtime/retention/settings';
import { readSettings } from '../../../runtime/verification/settings';
import { handleVerification } from '../../../runtime/verification/verifier';
import { FreshnessLook } from './freshness-look';
import type { FunctionSurroundings } from './function-surroundings';
import type { DeployedFunction, LivedCode } from './plan-stack';

/** Lambda waits so long before it tries a failed event again. */
const RETRY_AFTER_SECONDS = [60, 120];

export class Functions {
  /** What each said, as its log has it. */
  readonly log: string[] = [];
  /** What they ended with when they failed by themselves. */
  readonly failures: { readonly code: LivedCode; readonly at: Date; readonly error: BackupError }[] = [];
  private readonly reader: EmfReader;
  private readonly handlers: Readonly<Record<LivedCode, (event: unknown, of: DeployedFunction) => Promise<void>>>;

  constructor(
    private readonly deployed: readonly DeployedFunction[],
    private readonly surroundings: FunctionSurroundings,
  ) {
    this.reader = new EmfReader(surroundings.metrics);
    const look = new FreshnessLook(surroundings, (line) => this.write(line));
    this.handlers = {
      freshness: (_event, { environment }) => look.carryOut(environment),
      retention: (_event, of) => this.retain(of),
      verify: (event, of) => this.verify(event, of),
    };
  }

  /** Hands an event over, as all that start functions here do: it is tried again where it fails, and given up at last. */
  async send(name: string, event: unknown, attempt = 0): Promise<void> {
    const of = this.deployed.find((one) => one.name === name);
    if (!of) throw new Error(`something starts ${name}, which is no function of the stack`);
    const { code } = of;
    const { clock, disturbances, deadLetters } = this.surroundings;
    if (code === 'not lived') return;
    if (disturbances.functionsNotStarted.has(code)) return disturbances.happened();
    if (await this.invoke({ ...of, code }, event)) return;
    if (attempt >= of.maximumRetries) {
      if (of.hasDeadLetterQueue) deadLetters.send();
      return;
    }
    const waitSeconds = RETRY_AFTER_SECONDS[Math.min(attempt, RETRY_AFTER_SECONDS.length - 1)];
    clock.at(new Date(clock.now().getTime() + waitSeconds * 1000), () => this.send(name, event, attempt + 1));
  }

  /** Lambda counts errors where there are none, too. */
  private async invoke(of: DeployedFunction & { code: LivedCode }, event: unknown): Promise<boolean> {
    const succeeded = await this.succeeds(of, event);
    const { metrics, clock } = this.surroundings;
    const count = (metric: string, value: number) =>
      metrics.put('AWS/Lambda', metric, { FunctionName: of.name }, clock.now(), value, 'Count');
    count('Invocations', 1);
    count('Errors', succeeded ? 0 : 1);
    return succeeded;
  }

  private async succeeds(of: DeployedFunction & { code: LivedCode }, event: unknown): Promise<boolean> {
    const { disturbances } = this.surroundings;
    if (disturbances.failingFunctions.has(of.code)) {
      disturbances.happened();
      return false;
    }
    try {
      await this.handlers[of.code](event, of);
      return true;
    } catch (error) {
      // Anything else is a defect of the simulation.
      if (!(error instanceof BackupError) || (error.code === 'internal' && !isInterruption(error))) throw error;
      disturbances.happened();
      this.failures.push({ code: of.code, at: this.surroundings.clock.now(), error });
      return false;
    }
  }

  private verify(event: unknown, of: DeployedFunction): Promise<void> {
    const { store, clock } = this.surroundings;
    return handleVerification(event, {
      settings: readSettings(of.environment),
      store,
      write: (line) => this.write(line),
      now: clock.now,
      remainingMs: () => of.timeoutSeconds * 1000,
    });
  }

  private retain(of: DeployedFunction): Promise<void> {
    const { store, clock } = this.surroundings;
    const { requests } = readRetentionSettings(of.environment);
    return retainAll({
      requests,
      store,
      write: (line) => this.write(line),
      now: clock.now,
      remainingMs: () => of.timeoutSeconds * 1000,
    });
  }

  private write(line: string): void {
    this.reader.write(line);
    if (this.reader.refused.length > 0) throw new Error(`metrics that cannot be read: ${this.reader.refused[0]}`);
    if (!line.includes('"_aws"')) this.log.push(line.trimEnd());
  }
}

/** A verification that could not be carried out says so with this code; whatever else has it is a defect. */
function isInterruption({ message }: BackupError): boolean {
  return message.startsWith('verification of ');
}
