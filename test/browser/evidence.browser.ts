/** The page of evidence in a real browser: it is shown, it prints, and nothing in it runs or asks for anything. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { evidencePage } from '../../runtime/drill/evidence/page';
import { exampleEvidence } from '../runtime/drill/support/example-evidence';

const run = promisify(execFile);

let directory: string;
let file: string;

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'postgres-backup-browser-'));
  file = path.join(directory, 'evidence.html');
  await writeFile(file, evidencePage(exampleEvidence()));
});

afterAll(() => rm(directory, { recursive: true, force: true }));

async function chromium(...args: string[]): Promise<string> {
  const common = ['--headless', '--no-sandbox', '--disable-gpu', `--user-data-dir=${path.join(directory, 'profile')}`];
  const { stdout } = await run('chromium', [...common, ...args], { maxBuffer: 64 * 1024 * 1024, cwd: directory });
  return stdout;
}

test('is shown with all that it holds, and what looks like markup is text', async () => {
  const dom = await chromium('--dump-dom', `file://${file}`);
  expect(dom).toContain('20261118T054000Z-bbbbbb');
  expect(dom).toContain('&lt;script&gt;');
  expect(dom).not.toContain('<script');
  const { days } = exampleEvidence();
  expect(dom.match(/<div class="day /g)).toHaveLength(days.length);
});

test('a script that came into it after all would not run', async () => {
  const forged = path.join(directory, 'forged.html');
  const page = await readFile(file, 'utf8');
  const script = '<script>document.title = "it runs"</script>';
  await writeFile(forged, page.replace('</body>', `${script}</body>`));
  expect(await chromium('--dump-dom', `file://${forged}`)).not.toContain('<title>it runs</title>');
  // The positive control: the same without the page's own policy.
  await writeFile(
    forged,
    page.replace(/<meta http-equiv="Content-Security-Policy"[^>]*>/, '').replace('</body>', `${script}</body>`),
  );
  expect(await chromium('--dump-dom', `file://${forged}`)).toContain('<title>it runs</title>');
});

test('is no wider than a page of A4 when it is printed', async () => {
  const evidence = exampleEvidence();
  const [drill] = evidence.drills;
  const wide = {
    ...drill,
    component: 'base-backup' as const,
    scope: 'to 2026-11-16 04:12:31.123456+00 UTC',
    restoreMs: 45_296_000,
    issues: ['definitions: index "public"."orders_customer_and_date" is not as it was; here: btree; on "customer_id"'],
  };
  const printed = path.join(directory, 'printed.html');
  const page = evidencePage({ ...evidence, drills: [wide, ...evidence.drills] })
    .replace(/<meta http-equiv="Content-Security-Policy"[^>]*>/, '')
    .replace('@media print', '@media all')
    .replace('</body>', '<script>document.title = `wide: ${document.documentElement.scrollWidth}`</script></body>');
  await writeFile(printed, page);
  // 210 mm less the margins of 14 mm, at 96 dots an inch.
  const dom = await chromium('--window-size=688,1000', '--hide-scrollbars', '--dump-dom', `file://${printed}`);
  expect(Number(/<title>wide: (\d+)<\/title>/.exec(dom)?.[1])).toBeLessThanOrEqual(688);
});

test('asks for nothing but itself', async () => {
  const asked: string[] = [];
  const server: Server = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.setHeader('content-type', 'text/html; charset=utf-8');
    void readFile(file).then((page) => response.end(page));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await chromium('--dump-dom', `http://127.0.0.1:${port}/evidence.html`);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  // The browser's own wish for an icon is not the page's.
  expect(asked.filter((url) => url !== '/favicon.ico')).toEqual(['/evidence.html']);
});

test('prints, on pages of A4', async () => {
  const pdf = path.join(directory, 'evidence.pdf');
  await chromium(`--print-to-pdf=${pdf}`, '--no-pdf-header-footer', `file://${file}`);
  const bytes = (await readFile(pdf)).toString('latin1');
  expect(bytes.startsWith('%PDF-')).toBe(true);
  expect(bytes.match(/\/MediaBox\s*\[0 0 59[45](\.\d+)? 84[12](\.\d+)?\]/g)?.length).toBeGreaterThan(0);
});

test('is drawn on a screen', async () => {
  const image = path.join(directory, 'evidence.png');
  await chromium(`--screenshot=${image}`, '--window-size=1100,1400', `file://${file}`);
  const png = await readFile(image);
  expect(png.subarray(1, 4).toString()).toBe('PNG');
  expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([1100, 1400]);
});
