/**
 * A loopback server that speaks the query protocol of Amazon RDS: form fields in, XML out. Each action is a function of the
 * test that gives what stands within its result; what it throws as a `Refusal` is answered as AWS refuses.
 * Shapes: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBInstances.html and its neighbours.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Fields = Readonly<Record<string, string>>;
export type Action = (fields: Fields) => string;

export class Refusal extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly status = 400,
  ) {
    super(message);
  }
}

export interface RdsApi {
  readonly endpoint: string;
  /** What was asked, in order. */
  readonly requests: Fields[];
  /** What it answers from now on. */
  actions: Readonly<Record<string, Action>>;
  close(): Promise<void>;
}

const NAMESPACE = 'http://rds.amazonaws.com/doc/2014-10-31/';
const METADATA = '<RequestId>523e3218-afc7-11c3-90f5-f90431260ab4</RequestId>';

export async function startRdsApi(): Promise<RdsApi> {
  const requests: Fields[] = [];
  const server = createServer((message, response) => {
    const chunks: Buffer[] = [];
    message.on('data', (chunk: Buffer) => chunks.push(chunk));
    message.on('end', () => {
      const fields = Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString()));
      requests.push(fields);
      const { status, body } = answer(fields, api.actions);
      response.writeHead(status, { 'content-type': 'text/xml' }).end(body);
    });
  });
  await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle));
  const { port } = server.address() as AddressInfo;
  const api: RdsApi = {
    endpoint: `http://127.0.0.1:${port}`,
    requests,
    actions: {},
    close: () =>
      new Promise((settle) => {
        server.close(() => settle());
        server.closeAllConnections();
      }),
  };
  return api;
}

function answer(fields: Fields, actions: RdsApi['actions']): { status: number; body: string } {
  const name = fields.Action;
  try {
    const action = actions[name];
    if (!action) throw new Refusal('InvalidAction', `no action ${name}`);
    const result = `<${name}Result>${action(fields)}</${name}Result>`;
    const body = `<${name}Response xmlns="${NAMESPACE}">${result}<ResponseMetadata>${METADATA}</ResponseMetadata></${name}Response>`;
    return { status: 200, body };
  } catch (thrown) {
    if (!(thrown instanceof Refusal)) throw thrown;
    const error = `<Type>Sender</Type><Code>${thrown.code}</Code><Message>${thrown.message}</Message>`;
    return {
      status: thrown.status,
      body: `<ErrorResponse xmlns="${NAMESPACE}"><Error>${error}</Error>${METADATA}</ErrorResponse>`,
    };
  }
}
