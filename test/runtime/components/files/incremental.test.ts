import { readFile, utimes } from 'node:fs/promises';
import path from 'node:path';
import { MANIFEST_NAME, VERIFICATION_FORMAT, type FilesCounts } from '../../../../model';
import { sha256Of, writeVerification } from '../../../../runtime/catalog/verification-record';
import { verifyFiles } from '../../../../runtime/components/files/verify';
import type { FilesPoint } from '../../../../runtime/components/files/types';
import { silentReporter } from '../../../../runtime/observe/reporter';
import { Seeded } from '../../../support/seeded';
import { contentOf, FilesLab, type IndexDocument } from './support';

let lab: FilesLab;
beforeEach(async () => void (lab = await FilesLab.start()));
afterEach(() => lab.stop());

function counts({ manifest }: FilesPoint): FilesCounts {
  return manifest.volumes[0].counts;
}

function kinds(...points: FilesPoint[]): string[] {
  return points.map(({ manifest }) => manifest.volumes[0].kind);
}

async function verified(point: FilesPoint) {
  const { signal } = new AbortController();
  return verifyFiles(point, 'read', { store: lab.store, reporter: silentReporter, signal, now: () => new Date() });
}

test('an incremental stores what changed, and is restored as of its time: what was deleted is not there', async () => {
  await lab.shell(
    'mkdir -p a/b c && printf 1 > a/1 && printf 2 > a/b/2 && printf 3 > c/3 && ln a/1 a/one && ln -s a link',
  );
  const first = await lab.point();
  const asOfFirst = await contentOf(lab.source);
  await lab.shell('rm -r c && printf 22 > a/b/2 && printf 4 > new');
  const second = await lab.point();
  const asOfSecond = await contentOf(lab.source);
  await lab.shell('rm a/1 && chmod 0600 a/b/2 && mv new renamed');
  const third = await lab.point();
  const asOfThird = await contentOf(lab.source);

  expect(kinds(first, second, third)).toEqual(['full', 'incremental', 'incremental']);
  expect(second.manifest.dependsOn).toEqual([first.manifest.point]);
  expect(third.manifest.dependsOn).toEqual([first.manifest.point, second.manifest.point]);
  // The root, whose content changed, a/b/2, new, and the link, which was young; c and c/3 are gone.
  expect(counts(second)).toMatchObject({ stored: 4, deleted: 2, unchanged: 4 });
  for (const [point, content] of [
    [first, asOfFirst],
    [second, asOfSecond],
    [third, asOfThird],
  ] as const) {
    const directory = lab.target(point.manifest.point);
    expect(await lab.restore(point, { directory })).toMatchObject({ outcome: 'passed' });
    expect(await contentOf(directory)).toEqual(content);
    expect(await verified(point)).toMatchObject({ outcome: 'passed' });
  }
});

test('what nobody touched is not stored again', async () => {
  await lab.shell('for i in $(seq 50); do printf $i > $i; done');
  await lab.point();
  const second = await lab.point();
  expect(counts(second)).toMatchObject({ stored: 0, unchanged: 51, files: 50, deleted: 0 });
});

test('content of the same size, with its time set back, is found by the time that no program can set', async () => {
  await lab.write('file', 'before');
  await utimes(path.join(lab.source, 'file'), 1e9, 1e9);
  // As if it had been there for long: its content is not looked at.
  const notYoung = (lines: IndexDocument[]) => lines.map((line) => ({ ...line, isYoung: false }));
  const { store } = await lab.plant(await lab.point(), { index: notYoung });
  await lab.write('file', 'after!');
  await utimes(path.join(lab.source, 'file'), 1e9, 1e9);
  const second = await lab.point({}, store);
  expect(counts(second)).toMatchObject({ stored: 1, unchanged: 1 });
  await lab.restore(second, {}, store);
  expect(await readFile(path.join(lab.target(), 'file'), 'utf8')).toBe('after!');
});

test('what was young when it was looked at is compared by its content: times alone would not tell', async () => {
  await lab.write('file', 'before');
  const first = await lab.point();
  // As if the clock of the file system had not ticked between the two writes: nothing but the content is another.
  const another = (lines: IndexDocument[]) =>
    lines.map((line) => (line.type === 'file' ? { ...line, sha256: 'ab'.repeat(32) } : line));
  const young = await lab.plant(first, { index: another });
  expect(counts(await lab.point({}, young.store)).stored).toBe(1);
  const old = await lab.plant(first, { index: (lines) => another(lines).map((line) => ({ ...line, isYoung: false })) });
  expect(counts(await lab.point({}, old.store)).stored).toBe(0);
});

describe('everything is stored again', () => {
  beforeEach(() => lab.write('file'));

  test('when the last time is long enough ago', async () => {
    const everyTwoMinutes = { fullEverySeconds: 120 };
    const points = [];
    for (let run = 0; run < 5; run += 1) points.push(await lab.point(everyTwoMinutes));
    expect(kinds(...points)).toEqual(['full', 'incremental', 'full', 'incremental', 'full']);
  });

  test('when it is asked for; then nothing in the vault is read', async () => {
    await lab.point();
    const store = Object.create(lab.store, {
      list: { value: () => fail('list') },
      get: { value: () => fail('get') },
    }) as typeof lab.store;
    const result = await lab.backup({ fullEverySeconds: 0, given: 'everything' }, store);
    expect(result).toMatchObject({ outcome: 'made', manifest: { volumes: [{ kind: 'full' }], dependsOn: [] } });
  });

  test('for a volume that is new', async () => {
    await lab.point();
    const volumes = [
      { name: 'media', directory: lab.source },
      { name: 'other', directory: lab.source },
    ];
    const { manifest } = await lab.point({ volumes });
    expect(manifest.volumes.map(({ name, kind }) => [name, kind])).toEqual([
      ['media', 'incremental'],
      ['other', 'full'],
    ]);
  });

  test('when the index of the newest point is damaged, which is told', async () => {
    const first = await lab.point();
    lab.store.damage(first.manifest.objects[1].key, (bytes) => bytes.fill(0));
    const second = await lab.point();
    expect(kinds(second)).toEqual(['full']);
    expect(second.manifest.warnings).toEqual([
      expect.stringContaining(`volume media: stored in full, as ${first.manifest.point} cannot be built on`),
    ]);
    expect((await lab.restore(second)).outcome).toBe('passed');
  });

  test('when the verification of the newest point failed, which is told', async () => {
    const first = await lab.point();
    await failVerification(first);
    const second = await lab.point();
    expect(kinds(second)).toEqual(['full']);
    expect(second.manifest.warnings).toEqual([expect.stringContaining('its verification failed')]);
  });
});

test('an older archive that is gone, or another in its place, is found by the verification and refused by the restore', async () => {
  await lab.write('file');
  const first = await lab.point();
  await lab.write('more');
  const second = await lab.point();
  lab.store.damage(`${first.prefix}${MANIFEST_NAME}`, (bytes) =>
    Buffer.from(bytes.toString().replaceAll(first.manifest.objects[0].sha256, 'cd'.repeat(32))),
  );
  const report = await verified(second);
  expect(report).toMatchObject({ outcome: 'failed' });
  expect(report.objects[0].finding).toMatch(/built on .* does not hold the archive of media that was built on/);
  await expect(lab.restore(second)).rejects.toMatchObject({ code: 'object-damaged' });
});

test('random changes, run after run: each point is restored as it was', async () => {
  const random = new Seeded(20261120);
  const next = (limit: number) => random.below(limit);
  const history: [FilesPoint, Record<string, string>][] = [];
  for (let run = 0; run < 6; run += 1) {
    const script: string[] = [];
    for (let change = 0; change < 12; change += 1) {
      const file = `d${next(3)}/f${next(6)}`;
      const other = `d${next(3)}/f${next(6)}`;
      script.push(
        [
          `printf ${next(1000)} > ${file} || true`,
          `rm -rf ${file}`,
          `[ ! -f ${file} ] || [ ${file} = ${other} ] || ln -f ${file} ${other} || true`,
          `[ ! -e ${file} ] || mv -T ${file} ${other} 2>/dev/null || true`,
          `rm -rf ${file}; ln -s ${other} ${file}`,
          `[ -e ${file} ] || mkdir ${file} && printf ${next(10)} > ${file}/x || true`,
          `[ ! -e ${file} ] || chmod $((600 + ${next(8)})) ${file} || true`,
          `rm -rf d${next(3)}; mkdir -p d0 d1 d2`,
        ][next(8)],
      );
    }
    await lab.shell(`mkdir -p d0 d1 d2\nset +e\n${script.join('\n')}\ntrue`);
    history.push([await lab.point({ minimumFiles: 0 }), await contentOf(lab.source)]);
  }
  for (const [point, content] of history) {
    const directory = lab.target(point.manifest.point);
    const report = await lab.restore(point, { directory });
    expect(report.volumes[0].differences).toEqual([]);
    expect(await contentOf(directory)).toEqual(content);
  }
});

function fail(what: string): never {
  throw new Error(`${what}: nothing may be read`);
}

async function failVerification({ prefix, manifest, address }: FilesPoint): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of (await lab.store.get(`${prefix}${MANIFEST_NAME}`)).body as AsyncIterable<Buffer>) {
    chunks.push(chunk);
  }
  await writeVerification(lab.store, prefix, {
    format: VERIFICATION_FORMAT,
    point: manifest.point,
    source: address.source,
    component: 'files',
    outcome: 'failed',
    depth: 'read',
    verifiedAt: manifest.finishedAt,
    durationMs: 1,
    manifestSha256: sha256Of(Buffer.concat(chunks).toString()),
    findings: [],
    objects: 1,
    totals: null,
    tool: { name: 'postgres-backup', version: '1.2.3' },
  });
}
