// Runs a command line in this process, with everything around it made visible.
import { EventEmitter } from 'node:events';
import {
  parsePointId,
  pointPrefix,
  type Component,
  type ExitCode,
  type ManifestOf,
  type PointAddress,
  type VerifyDepth,
} from '../../../../model';
import type { DumpPoint, RecoveryPoint } from '../../../../runtime/catalog/recovery-point';
import type { DumpRequest, RestoreRequest } from '../../../../runtime/components/dump/types';
import type { RunContext } from '../../../../runtime/context';
import type {
  Dependencies,
  DumpComponent,
  ConfigurationComponent,
  FilesComponent,
  Retention,
} from '../../../../runtime/cli/dependencies';
import { runProgram } from '../../../../runtime/cli/program';
import type { StopSignal } from '../../../../runtime/cli/run-limits';
import { BackupError } from '../../../../runtime/errors';
import { walTools } from '../../../../runtime/wal/tools';
import { systemTools, type SystemTools } from '../../../../runtime/system/tools';
import type { ObjectStore } from '../../../../runtime/store/store';
import { exampleManifest, examplePassedRestore } from './examples';

export const NOW = new Date('2026-11-20T02:55:30Z');
export const TARGET = ['--vault', 's3://acme-vault', '--source', 'orders'];

export interface Setup {
  readonly wal?: Partial<Dependencies['wal']>;
  readonly env?: NodeJS.ProcessEnv;
  readonly dump?: Partial<DumpComponent>;
  readonly baseBackup?: Partial<Dependencies['baseBackup']>;
  readonly moments?: Partial<Dependencies['moments']>;
  readonly managed?: Partial<Dependencies['managed']>;
  readonly objects?: Partial<Dependencies['objects']>;
  readonly files?: Partial<FilesComponent>;
  readonly configuration?: Partial<ConfigurationComponent>;
  readonly verifyPoint?: Dependencies['verifyPoint'];
  readonly verifyAndRecord?: Dependencies['verifyAndRecord'];
  readonly retention?: Partial<Retention>;
  readonly drills?: Partial<Dependencies['drills']>;
  readonly system?: Partial<SystemTools>;
  readonly sendNotice?: Dependencies['sendNotice'];
  readonly resolveServer?: Dependencies['resolveServer'];
  readonly points?: readonly DumpPoint[];
  readonly readStatus?: Dependencies['catalog']['readStatus'];
  /** For commands that look into the vault themselves; else nothing may be read from it. */
  readonly store?: ObjectStore;
  readonly terminal?: { readonly columns: number };
  /** What was written when the process would have been ended at once. */
  readonly onExit?: (written: { readonly stdout: string; readonly stderr: string }) => void;
  readonly signals?: EventEmitter<Record<StopSignal, [StopSignal]>>;
}

export interface Ran {
  readonly exitCode: ExitCode;
  readonly stdout: string;
  readonly stderr: string;
  readonly backups: DumpRequest[];
  readonly restores: RestoreRequest[];
  readonly verifications: { readonly point: string; readonly depth: VerifyDepth }[];
  readonly checks: DumpRequest[];
  readonly vaults: string[];
  readonly serverEnvironments: NodeJS.ProcessEnv[];
  /** Codes with which the process would have been ended at once. */
  readonly exits: number[];
}

export async function runCli(argv: readonly string[], setup: Setup = {}): Promise<Ran> {
  const seen = { stdout: '', stderr: '' };
  const calls = {
    backups: [],
    restores: [],
    verifications: [],
    checks: [],
    vaults: [],
    serverEnvironments: [],
    exits: [],
  };
  const ran: Omit<Ran, 'exitCode' | 'stdout' | 'stderr'> = calls;
  const points = setup.points ?? [examplePoint()];

  const output = (name: 'stdout' | 'stderr') => ({
    write: (text: string) => void (seen[name] += text),
    isTTY: setup.terminal !== undefined,
    columns: setup.terminal?.columns,
    rows: 40,
    getColorDepth: () => 8,
  });
  const dependencies: Dependencies = {
    host: {
      version: '1.2.3',
      env: setup.env ?? {},
      stdout: output('stdout'),
      stderr: output('stderr'),
      signals: setup.signals ?? new EventEmitter<Record<StopSignal, [StopSignal]>>(),
      processors: 8,
      now: () => NOW,
      clock: () => 0,
      program: ['/usr/bin/node', '/opt/postgres-backup.js'],
      exit: (code) => {
        ran.exits.push(code);
        setup.onExit?.({ ...seen });
      },
    },
    callerIdentity: async () => 'arn:aws:sts::111122223333:assumed-role/Restore/0123456789abcdef',
    openStore: (uri) => {
      ran.vaults.push(uri);
      return setup.store ?? ({ uri } as ObjectStore);
    },
    resolveServer: (env) => {
      ran.serverEnvironments.push(env);
      if (setup.resolveServer) return setup.resolveServer(env);
      return {
        description: 'backup@db.internal:5432/orders',
        open: async () => {
          throw new Error('no test connects');
        },
      };
    },
    catalog: {
      listPoints: async () => points.map((point) => point.address),
      findPoint: async <C extends Component>(_store: ObjectStore, source: string, _component: C, wanted: string) => {
        const found = points.find((point) => wanted === 'latest' || point.manifest.point === wanted);
        if (!found) throw new BackupError('point-missing', `there is no recovery point ${wanted} of "${source}"`);
        return found as RecoveryPoint as RecoveryPoint<ManifestOf<C>>;
      },
      readPoint: async (_store, address) => {
        const found = points.find((point) => point.address === address);
        if (!found) throw new BackupError('point-missing', 'it is gone');
        // Read here, where the catalog reads it: a test's point may throw.
        return { ...found, manifest: found.manifest };
      },
      readStatus: async (store, source, now) => {
        if (setup.readStatus) return setup.readStatus(store, source, now);
        throw new Error('no status was set up');
      },
    },
    baseBackup: { backup: nobodyAsked, ...setup.baseBackup },
    moments: { restore: nobodyAsked, ...setup.moments },
    managed: { restore: nobodyAsked, ...setup.managed },
    objects: {
      openBucket: nobodyAsked,
      openMirror: nobodyAsked,
      backup: nobodyAsked,
      restore: nobodyAsked,
      ...setup.objects,
    },
    dump: {
      backup: async (request, context) => {
        ran.backups.push(request);
        return setup.dump?.backup
          ? setup.dump.backup(request, context)
          : { outcome: 'made', manifest: exampleManifest(), uri: 's3://acme-vault/orders/dump/', durationMs: 190_000 };
      },
      restore: async (request, context) => {
        ran.restores.push(request);
        return setup.dump?.restore ? setup.dump.restore(request, context) : examplePassedRestore();
      },
      check: async (request, context) => {
        ran.checks.push(request);
        return setup.dump?.check
          ? setup.dump.check(request, context)
          : { outcome: 'passed', server: 'backup@db.internal:5432/orders', databases: [] };
      },
    },
    configuration: {
      backup: async () => {
        throw new Error('no configuration was set up');
      },
      restore: async () => {
        throw new Error('no configuration was set up');
      },
      ...setup.configuration,
    },
    files: {
      backup: async () => {
        throw new Error('no files were set up');
      },
      restore: async () => {
        throw new Error('no files were set up');
      },
      ...setup.files,
    },
    verifyPoint: async (point, depth, context) => {
      ran.verifications.push({ point: point.manifest.point, depth });
      return setup.verifyPoint
        ? setup.verifyPoint(point, depth, context)
        : { outcome: 'passed', point: point.manifest.point, source: 'orders', depth, objects: [], durationMs: 1 };
    },
    verifyAndRecord: async (store, address, options) => {
      if (setup.verifyAndRecord) return setup.verifyAndRecord(store, address, options);
      throw new Error('nothing may be recorded');
    },
    wal: { ...walTools, ...setup.wal },
    system: { ...systemTools, ...setup.system },
    retention: {
      plan: async () => {
        throw new Error('no test plans without saying how');
      },
      apply: async () => {
        throw new Error('nothing may be marked');
      },
      endMirrored: async () => {
        throw new Error('no mirror is looked at');
      },
      ...setup.retention,
    },
    drills: {
      run: async () => {
        throw new Error('nothing may be drilled');
      },
      evidence: async () => {
        throw new Error('nothing was gathered');
      },
      ...setup.drills,
    },
    sendNotice: async (notice, destination) => {
      if (setup.sendNotice) return setup.sendNotice(notice, destination);
      throw new Error('nobody may be told');
    },
  };
  const exitCode = await runProgram(argv, dependencies);
  return { exitCode, ...seen, ...ran };
}

export function examplePoint(
  id = '20261120T021003Z-4k2m9x',
  changes: Parameters<typeof exampleManifest>[0] = {},
): DumpPoint {
  const parsed = parsePointId(id);
  if (!parsed) throw new Error(`not an id: ${id}`);
  const manifest = exampleManifest({ point: id, startedAt: parsed.time.toISOString(), ...changes });
  const address: PointAddress = { source: 'orders', component: 'dump', class: manifest.class, ...parsed };
  return { address, prefix: pointPrefix(address), manifest };
}

/** Waits like a component that stops when it is told to. */
export function untilAborted({ signal }: Pick<RunContext, 'signal'>): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error));
  });
}

async function nobodyAsked(): Promise<never> {
  throw new Error('no test asks for it');
}
