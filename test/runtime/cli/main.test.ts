// The program as a process of its own, against a store that answers what the test wants.
import { spawn, type ChildProcess } from 'node:child_process';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';

const MAIN = path.join(__dirname, '..', '..', '..', 'runtime', 'cli', 'main.ts');
const TARGET = ['--vault', 's3://acme-vault', '--source', 'orders'];
const NO_BUCKET = '<?xml version="1.0"?><Error><Code>NoSuchBucket</Code><Message>no such bucket</Message></Error>';

/** A module that makes Node warn, in two lines, as soon as the program listens for warnings. */
const WARNS = `data:text/javascript,${encodeURIComponent(
  "process.on('newListener',(name)=>name==='warning'&&setImmediate(()=>process.emitWarning('two\\nlines')))",
)}`;

let server: Server | undefined;
let child: ChildProcess | undefined;

afterEach(async () => {
  if (child?.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  server?.closeAllConnections();
  await new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()));
  server = undefined;
});

async function store(answer: RequestListener): Promise<string> {
  const listening = createServer(answer);
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(listening.address() as AddressInfo).port}`;
}

function start(argv: readonly string[], endpoint: string, env: NodeJS.ProcessEnv = {}) {
  const started = spawn(process.execPath, ['--import', 'tsx', MAIN, ...argv], {
    env: {
      PATH: process.env.PATH,
      AWS_ENDPOINT_URL_S3: endpoint,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'key',
      AWS_SECRET_ACCESS_KEY: 'secret',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child = started;
  let stdout = '';
  let stderr = '';
  started.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  started.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve, reject) => {
    started.on('error', reject);
    started.on('close', (code) => resolve({ code, stdout, stderr }));
  });
  return { started, ended };
}

test('in a task every line of both outputs is one JSON object, warnings of the libraries too', async () => {
  const endpoint = await store((_request, response) => response.writeHead(404).end(NO_BUCKET));
  const env = { ECS_CONTAINER_METADATA_URI_V4: 'http://169.254.170.2/v4/x', NODE_OPTIONS: `--import ${WARNS}` };
  const { code, stdout, stderr } = await start(['info', ...TARGET], endpoint, env).ended;
  expect(code).toBe(1);
  const lines = `${stdout}${stderr}`.split('\n').filter(Boolean);
  const events = lines.map((line) => JSON.parse(line) as { event: string });
  expect(events).toContainEqual(expect.objectContaining({ event: 'warning', message: 'Warning: two\nlines' }));
  expect(events.at(-1)).toMatchObject({ event: 'error', code: 'store-missing' });
});

test('a person sees the error and nothing else', async () => {
  const endpoint = await store((_request, response) => response.writeHead(404).end(NO_BUCKET));
  const { code, stdout, stderr } = await start(['info', ...TARGET], endpoint).ended;
  expect(code).toBe(1);
  expect(stdout).toBe('');
  expect(stderr).toMatch(/^error: .*\n( {2}.*\n)*$/);
});

test('SIGTERM ends a run that waits for a store which never answers, with 1', async () => {
  let asked: () => void = () => undefined;
  const waiting = new Promise<void>((resolve) => (asked = resolve));
  const endpoint = await store(() => asked());
  const { started, ended } = start(['info', ...TARGET], endpoint);
  await waiting;
  started.kill('SIGTERM');
  const { code, stderr } = await ended;
  expect(code).toBe(1);
  expect(stderr).toBe(
    'warning: stopped by SIGTERM; cleaning up\nerror: stopped by SIGTERM\n  hint: Nothing was finished; run it again.\n',
  );
});

test('a deadline ends a run too', async () => {
  const endpoint = await store(() => undefined);
  const { code, stderr } = await start(['info', ...TARGET, '--deadline', '1s'], endpoint).ended;
  expect(code).toBe(1);
  expect(stderr).toContain('error: not finished after 1.0 s');
});

test('wrong usage ends with 2 and help with 0', async () => {
  expect((await start(['infos'], 'http://127.0.0.1:9').ended).code).toBe(2);
  const help = await start(['--help'], 'http://127.0.0.1:9').ended;
  expect(help.code).toBe(0);
  expect(help.stdout).toContain('Usage: postgres-backup');
});
