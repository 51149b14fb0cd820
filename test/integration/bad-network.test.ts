/** A server that goes away, or a network that does: one more try where it may help, an end within the deadline, and never half a backup. */
import { BackupError } from '../../runtime/errors';
import { failureOf } from '../support/failure-of';
import { Lab } from '../support/lab';
import { until } from '../support/processes';
import { TcpProxy, type ProxyMode } from '../support/tcp-proxy';

let lab: Lab;
let proxy: TcpProxy;

beforeAll(async () => {
  lab = await Lab.start();
  await lab.database(
    'large',
    `CREATE TABLE t AS SELECT i, md5(i::text) || md5((-i)::text) AS h FROM generate_series(1, 200000) i`,
  );
});

beforeEach(async () => {
  proxy = await TcpProxy.start(lab.server.port);
  lab.messages.warnings.length = 0;
});

afterEach(() => proxy.close());
afterAll(() => lab.stop());

const ROWS_UNDER_WAY_BYTES = 3_000_000;
/** More than buffers on the way may still hold of the first dump. */
const WELL_INTO_THE_SECOND_BYTES = 9_000_000;
const isManifest = (key: string): boolean => key.endsWith('/manifest.json');
const retries = (): string[] => lab.messages.warnings.filter((warning) => /trying once more/.test(warning));

/** Settles when it was done, as soon as the server had sent so much. */
function once(sizeBytes: number, work: () => Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => proxy.after(sizeBytes, () => work().then(resolve, reject)));
}

/** Ends the backend of the running pg_dump. */
async function terminateDump(): Promise<void> {
  const ended = await lab.sql(
    'postgres',
    `SELECT string_agg(pg_terminate_backend(pid)::text, '') FROM pg_stat_activity WHERE query LIKE 'COPY %' AND state = 'active'`,
  );
  if (ended !== 'true') throw new Error(`terminated: ${ended}`);
}

describe('one more try, in a new snapshot', () => {
  it('a backend terminated once: the second dump is whole', async () => {
    const terminated = once(ROWS_UNDER_WAY_BYTES, terminateDump);
    const point = await lab.point('large', {}, { port: proxy.port });
    await terminated;
    expect(retries()).toHaveLength(1);
    expect((await lab.verify(point, 'read')).outcome).toBe('passed');
  });

  it('a backend terminated twice: failed', async () => {
    const before = (await lab.keys()).filter(isManifest);
    const terminated = once(ROWS_UNDER_WAY_BYTES, terminateDump).then(() =>
      once(WELL_INTO_THE_SECOND_BYTES, terminateDump),
    );
    const failure = await failureOf(lab.backup('large', {}, { port: proxy.port }));
    await terminated;
    expect(failure.code).toBe('server-unreachable');
    expect(retries()).toHaveLength(1);
    expect((await lab.keys()).filter(isManifest)).toEqual(before);
  });

  it('a server that crashes and comes back: whole in the second try, or failed', async () => {
    const restarted = once(ROWS_UNDER_WAY_BYTES, () => lab.server.restart('immediate'));
    const before = (await lab.keys()).filter(isManifest);
    const result = await lab.backup('large', {}, { port: proxy.port }).catch((error: unknown) => error);
    await restarted;
    expect(retries().length).toBeLessThanOrEqual(1);
    if (result instanceof BackupError) {
      expect(result.code).toBe('server-unreachable');
      expect((await lab.keys()).filter(isManifest)).toEqual(before);
    } else {
      expect(result).toMatchObject({ outcome: 'made' });
    }
    expect((await lab.backup('large')).outcome).toBe('made');
  });

  it('every connection reset at once: whole in the second try', async () => {
    proxy.after(ROWS_UNDER_WAY_BYTES, () => proxy.reset());
    const point = await lab.point('large', {}, { port: proxy.port });
    expect(proxy.fired).toBe(true);
    expect(retries()).toHaveLength(1);
    expect((await lab.verify(point, 'read')).outcome).toBe('passed');
  });
});

describe('a network that does not answer ends with the deadline, not later', () => {
  const deadline = new BackupError('deadline-exceeded', 'not finished in time');

  it.each<[ProxyMode, string]>([
    ['swallow', 'in the middle of the rows'],
    ['trickle', 'in the middle of the rows'],
    ['swallow', 'from the beginning'],
  ])('%s, %s', async (mode, when) => {
    const stop = new AbortController();
    if (when === 'from the beginning') proxy.mode = mode;
    else proxy.after(ROWS_UNDER_WAY_BYTES, () => void (proxy.mode = mode));
    const before = (await lab.keys()).filter(isManifest);
    const failing = failureOf(lab.backup('large', {}, { port: proxy.port, signal: stop.signal }));
    await until('the network is bad', () => proxy.mode === mode);
    stop.abort(deadline);
    const began = Date.now();
    expect((await failing).code).toBe('deadline-exceeded');
    expect(Date.now() - began).toBeLessThan(25_000);
    expect((await lab.keys()).filter(isManifest)).toEqual(before);
  });

  it('a restore too, and the target says that it is unfinished', async () => {
    const point = await lab.point('large');
    const stop = new AbortController();
    const failing = failureOf(lab.restore(point, 'cut off', {}, { port: proxy.port, signal: stop.signal }));
    await until('rows are read', () =>
      lab.requests.some(
        ({ operation, key }) => operation === 'GetObject' && key === point.manifest.databases[0].data[0].object.key,
      ),
    );
    proxy.mode = 'swallow';
    stop.abort(deadline);
    expect((await failing).code).toBe('deadline-exceeded');
    const marked = `SELECT count(*) FROM pg_namespace WHERE nspname = 'postgres_backup_restore_incomplete'`;
    expect(await lab.sql('cut off', marked)).toBe('1');
  });
});
