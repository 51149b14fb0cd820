// What scripts/build-assets.mjs makes: the same bytes each time and wherever it is built, and all that the image needs.
import { spawnSync } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const ROOT = path.join(__dirname, '../..');
const { version } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as { version: string };

let folder: string;
let checkout: string;
let built: string;

beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'assets-'));
  checkout = checkOut('checkout');
  built = path.join(folder, 'built');
  build(checkout, built);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('two builds, from two checkouts, are the same byte for byte', () => {
  const elsewhere = checkOut('another folder/with another name');
  rmSync(path.join(elsewhere, 'node_modules'));
  mkdirSync(path.join(elsewhere, 'node_modules'));
  for (const name of readdirSync(path.join(ROOT, 'node_modules'))) {
    symlinkSync(path.join(ROOT, 'node_modules', name), path.join(elsewhere, 'node_modules', name));
  }
  const second = path.join(folder, 'second');
  build(elsewhere, second);
  expect(digests(second)).toEqual(digests(built));
});

test('no file tells where it was built', () => {
  const texts = Object.keys(digests(built)).map((file) => readFileSync(path.join(built, file), 'utf8'));
  expect(texts.filter((text) => text.includes(ROOT) || text.includes(checkout))).toEqual([]);
});

test('the program runs by itself, where nothing is installed, and knows its version', () => {
  const alone = path.join(folder, 'postgres-backup');
  cpSync(path.join(built, 'cli/postgres-backup.js'), alone);
  const { status, stdout } = spawnSync(alone, ['--version'], { cwd: folder, encoding: 'utf8' });
  expect({ status, stdout: stdout.trim() }).toEqual({ status: 0, stdout: version });
});

test('the build context of the image has everything that its Dockerfile copies, and the same program', () => {
  const context = path.join(built, 'image');
  const copied = /^COPY (?!--from)(.+) \/opt\/postgres-backup\/$/m.exec(
    readFileSync(path.join(context, 'Dockerfile'), 'utf8'),
  );
  expect(readdirSync(context).sort()).toEqual(['Dockerfile', ...(copied?.[1].split(' ') ?? [])].sort());
  const program = digests(built);
  expect(program['image/postgres-backup.js']).toBe(program['cli/postgres-backup.js']);
});

test('the certificates are those of RDS: each an authority of its own, good for years in every region it names', () => {
  const bundle = readFileSync(path.join(built, 'image/rds-ca-bundle.pem'), 'utf8');
  const pems = bundle.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  const certificates = pems.map((pem) => new X509Certificate(pem));
  expect(certificates.every((certificate) => certificate.ca)).toBe(true);
  expect(new Set(certificates.map((certificate) => certificate.fingerprint256)).size).toBe(certificates.length);
  const lasting = certificates.filter((certificate) => new Date(certificate.validTo).getUTCFullYear() >= 2060);
  const names = lasting.map((certificate) => certificate.subject).join('\n');
  for (const region of ['us-east-1', 'us-west-2', 'eu-central-1', 'eu-west-1', 'ap-southeast-2', 'sa-east-1']) {
    for (const key of ['RSA2048', 'RSA4096', 'ECC384']) expect(names).toContain(`RDS ${region} Root CA ${key} G1`);
  }
  // Amazon RDS Proxy's certificates are signed by Amazon's public authorities.
  expect(certificates.map((certificate) => certificate.subject).join('\n')).toContain('Amazon Root CA 1');
});

test('the licences of what was bundled travel along', () => {
  const licences = readFileSync(path.join(built, 'image/THIRD-PARTY-LICENSES.txt'), 'utf8');
  expect(licences).toMatch(/^@aws-sdk\/client-s3 \d+\.\d+\.\d+ \(Apache-2\.0\)$/m);
  expect(licences).toMatch(/^commander \d+\.\d+\.\d+ \(MIT\)$/m);
  expect(licences).not.toContain('aws-cdk-lib');
});

test('a build that fails leaves the last good one and nothing half made', () => {
  const broken = checkOut('broken');
  writeFileSync(path.join(broken, 'runtime/cli/main.ts'), `import './gone';`);
  const output = path.join(broken, 'assets');
  cpSync(built, output, { recursive: true });
  expect(() => build(broken, output)).toThrow(/Could not resolve ".\/gone"/);
  expect(digests(output)).toEqual(digests(built));
  expect(readdirSync(broken).filter((name) => name.startsWith('assets'))).toEqual(['assets']);
});

/** What the build reads, copied at one moment: somebody may be at work in the checkout itself. */
function checkOut(name: string): string {
  const copy = path.join(folder, name);
  const parts = ['runtime', 'lambda', 'model', 'image', 'scripts', 'package.json', 'tsconfig.json'];
  // A checkout has no empty folders: before there is a function, there is no lambda/.
  for (const part of parts.filter((name) => name !== 'lambda' || existsSync(path.join(ROOT, name)))) {
    cpSync(path.join(ROOT, part), path.join(copy, part), { recursive: true });
  }
  symlinkSync(path.join(ROOT, 'node_modules'), path.join(copy, 'node_modules'));
  return copy;
}

function build(checkout: string, output: string): void {
  const script = path.join(checkout, 'scripts/build-assets.mjs');
  const { status, stderr } = spawnSync(process.execPath, [script, '--quiet', '--output', output], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`build-assets ended with ${status}: ${stderr}`);
}

/** Every file below a folder with its mode and the SHA-256 of its bytes. */
function digests(below: string): Record<string, string> {
  const files = readdirSync(below, { recursive: true, encoding: 'utf8' }).sort();
  const entries = files
    .map((file) => ({ file, stats: statSync(path.join(below, file)) }))
    .filter(({ stats }) => stats.isFile())
    .map(({ file, stats }) => {
      const sha256 = createHash('sha256').update(readFileSync(path.join(below, file)));
      return [file, `${(stats.mode & 0o777).toString(8)} ${sha256.digest('hex')}`] as const;
    });
  return Object.fromEntries(entries);
}
