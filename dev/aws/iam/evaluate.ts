/** Asks the library that knows IAM's rules, and gets around what it does not know. */
import { runSimulation, type RequestAnalysis, type Simulation } from '@cloud-copilot/iam-simulate';
import { StandInError } from '../stand-in-error';
import type { PolicyDocument } from './policy';

export interface Evaluation {
  /** `Allowed`, `ExplicitlyDenied` or `ImplicitlyDenied`. */
  readonly result: RequestAnalysis['result'];
  /** Of the caller's own policies, those that allow it. */
  readonly allowing: readonly AllowingStatement[];
}

export interface AllowingStatement {
  readonly policyName: string;
  /** Its Sid, or its number from 1. */
  readonly identifier: string;
  /** Those of its actions that match, as they stand there. */
  readonly actions: readonly string[];
}

export interface EvaluationRequest {
  readonly caller: string;
  readonly action: string;
  readonly resource: string;
  readonly accountId: string;
  readonly context: Readonly<Record<string, string | string[]>>;
  readonly policies: readonly { readonly name: string; readonly document: PolicyDocument }[];
  readonly resourcePolicy?: PolicyDocument;
}

export async function evaluate(request: EvaluationRequest): Promise<Evaluation> {
  const { action, resource } = request;
  const response = await runSimulation(simulationOf(request), {});
  if (response.resultType !== 'single') {
    throw new StandInError(`${action} on ${resource} cannot be evaluated: ${JSON.stringify(response)}`);
  }
  const { analysis, ignoredContextKeys = [] } = response.result;
  refuseIgnored(request, ignoredContextKeys);
  const allowing = (analysis.identityAnalysis?.allowStatements ?? []).map(({ policyId, explain }) => ({
    policyName: policyId,
    identifier: explain.identifier,
    actions: [explain.actions ?? []]
      .flat()
      .filter(({ matches }) => matches)
      .map((one) => one.action),
  }));
  return { result: response.overallResult, allowing };
}

function simulationOf(request: EvaluationRequest): Simulation {
  const { caller, action, resource, accountId, context, policies, resourcePolicy } = request;
  const renamed = Object.entries(context).map(([name, value]) => [knownName(name), value]);
  return {
    request: {
      principal: caller,
      action,
      resource: { resource, accountId },
      contextVariables: Object.fromEntries(renamed) as Record<string, string | string[]>,
    },
    identityPolicies: policies.map(({ name, document }) => ({ name, policy: withKnownNames(document) })),
    serviceControlPolicies: [],
    resourceControlPolicies: [],
    resourcePolicy: resourcePolicy && withKnownNames(resourcePolicy),
  };
}

/**
 * The library leaves keys out of a request that it does not know of an action, and knows none with a name after a second colon,
 * as `kms:EncryptionContext:aws:s3:arn`. Under the name of one that it knows of every action they are compared as they should be.
 */
const UNKNOWN_KEY = 'kms:EncryptionContext:';
const KNOWN_KEY = `aws:PrincipalTag/${UNKNOWN_KEY}`;

function knownName(name: string): string {
  return name.startsWith(UNKNOWN_KEY) ? name.replace(UNKNOWN_KEY, KNOWN_KEY) : name;
}

const renamedDocuments = new WeakMap<PolicyDocument, PolicyDocument>();

function withKnownNames(document: PolicyDocument): PolicyDocument {
  const known = renamedDocuments.get(document);
  if (known !== undefined) return known;
  const text = JSON.stringify(document).replaceAll(`"${UNKNOWN_KEY}`, `"${KNOWN_KEY}`);
  const renamed = JSON.parse(text) as PolicyDocument;
  renamedDocuments.set(document, renamed);
  return renamed;
}

/** A condition on a key that was left out would be decided without it. */
function refuseIgnored({ action, policies, resourcePolicy }: EvaluationRequest, ignored: readonly string[]): void {
  if (ignored.length === 0) return;
  const documents = [...policies.map(({ document }) => document), ...(resourcePolicy ? [resourcePolicy] : [])];
  const conditions = documents
    .flatMap(({ Statement }) => Statement)
    .filter(({ Action = [] }) => [Action].flat().includes(action))
    .map(({ Condition }) => JSON.stringify(Condition ?? {}));
  const decisive = ignored.find((name) => conditions.some((text) => text.includes(`"${name}"`)));
  if (decisive === undefined) return;
  throw new StandInError(
    `${action} has a condition on ${decisive}, which the library for IAM's rules does not know of it`,
  );
}
