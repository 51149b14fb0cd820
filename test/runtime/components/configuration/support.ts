/** A vault and AWS's own clients, against the stand-in for SSM, Secrets Manager and KMS. */
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { accountIn } from '../../../../dev/aws/account';
import { kmsApi } from '../../../../dev/aws/api/kms';
import { secretsManagerApi } from '../../../../dev/aws/api/secrets-manager';
import { startApiServer, type ApiServer } from '../../../../dev/aws/api/server';
import { ssmApi } from '../../../../dev/aws/api/ssm';
import { Iam } from '../../../../dev/aws/iam/iam';
import { ADMINISTRATOR } from '../../../../dev/aws/iam/policy';
import { Keys, type Key } from '../../../../dev/aws/services/keys';
import { Parameters } from '../../../../dev/aws/services/parameters';
import { Secrets } from '../../../../dev/aws/services/secrets';
import { MANIFEST_NAME } from '../../../../model';
import { findPoint } from '../../../../runtime/catalog/catalog';
import { awsEnvelopeKeys } from '../../../../runtime/components/configuration/aws-keys';
import { awsServices } from '../../../../runtime/components/configuration/aws-services';
import { backupConfiguration } from '../../../../runtime/components/configuration/backup';
import type { Envelope } from '../../../../runtime/components/configuration/envelope';
import { restoreConfiguration } from '../../../../runtime/components/configuration/restore';
import type {
  ConfigurationPoint,
  ConfigurationRequest,
  ConfigurationServices,
  RestoreConfigurationRequest,
} from '../../../../runtime/components/configuration/types';
import { silentReporter } from '../../../../runtime/observe/reporter';
import { crc32, crc32Base64 } from '../../../../runtime/store/crc32';
import { MemoryStore } from '../../../support/memory-store';

const ACCESS = { accessKeyId: 'TESTER', secretAccessKey: 'secret' };
export const SECRET_ARN = 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:orders/smtp-AbCdEf';
export const SECRET_TEXT = '{"user":"mailer","password":"hunter2"}';

export class ConfigurationLab {
  readonly store = new MemoryStore();
  private readonly environment = { ...process.env };

  static async start(): Promise<ConfigurationLab> {
    const account = accountIn('eu-central-1');
    const iam = new Iam(
      account,
      () => new Date(),
      () => undefined,
    );
    const keys = new Keys(iam);
    const key = keys.add({
      id: '11111111-2222-4333-8444-555555555555',
      arn: 'arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-4333-8444-555555555555',
      policy: { Statement: [] },
    });
    const parameters = new Parameters(account, iam, keys, 'ssm.eu-central-1.amazonaws.com');
    const secrets = new Secrets(iam, keys, 'secretsmanager.eu-central-1.amazonaws.com');
    secrets.add({ arn: SECRET_ARN, name: 'orders/smtp', text: SECRET_TEXT });
    parameters.put({ name: '/orders/flags', type: 'StringList', value: 'a,b' });
    parameters.put({ name: '/orders/deep/er/token', type: 'SecureString', value: 'pa55' });
    parameters.put({ name: 'bare', type: 'String', value: 'ünïcödé\n' });
    const api = await startApiServer({
      services: { kms: kmsApi(keys), ssm: ssmApi(parameters), secretsmanager: secretsManagerApi(secrets) },
      credentials: new Map([[ACCESS.accessKeyId, ACCESS]]),
      principal: () => ADMINISTRATOR,
      now: () => new Date(),
    });
    const directory = await mkdtemp(path.join(tmpdir(), 'configuration-test-'));
    return new ConfigurationLab(api, keys, key, parameters, secrets, directory);
  }

  private constructor(
    readonly api: ApiServer,
    readonly keys: Keys,
    readonly key: Key,
    readonly parameters: Parameters,
    readonly secrets: Secrets,
    readonly directory: string,
  ) {
    Object.assign(process.env, {
      AWS_ENDPOINT_URL: api.endpoint,
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: ACCESS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: ACCESS.secretAccessKey,
    });
  }

  async close(): Promise<void> {
    process.env = this.environment;
    await this.api.close();
    await rm(this.directory, { recursive: true, force: true });
  }

  context() {
    return { store: this.store, reporter: silentReporter, signal: new AbortController().signal, now: () => new Date() };
  }

  async backup(request: Partial<ConfigurationRequest> = {}, services = awsServices()) {
    const whole: ConfigurationRequest = {
      source: 'orders',
      class: 'manual',
      envelopeKey: this.key.arn,
      parameters: ['bare'],
      parameterPaths: ['/orders'],
      secrets: [SECRET_ARN],
      texts: [],
      ...request,
    };
    return backupConfiguration(whole, this.context(), services, awsEnvelopeKeys());
  }

  async point(request: Partial<ConfigurationRequest> = {}): Promise<ConfigurationPoint> {
    const result = await this.backup(request);
    if (result.outcome !== 'made') throw new Error(`the backup was ${result.outcome}`);
    return findPoint(this.store, 'orders', 'configuration', result.manifest.point);
  }

  async restore(
    from: ConfigurationPoint,
    request: Partial<RestoreConfigurationRequest> = {},
    services: ConfigurationServices = awsServices(),
  ) {
    const whole = { point: from, names: [], action: 'compare', values: 'hide', ...request } as const;
    return restoreConfiguration(whole, this.context(), services, awsEnvelopeKeys());
  }

  async states(from: ConfigurationPoint): Promise<Record<string, string>> {
    const { entries } = await this.restore(from);
    return Object.fromEntries(entries.map(({ name, state }) => [name, state]));
  }

  /** What lies in the vault: every byte of it. */
  stored(): string {
    return this.store
      .keys()
      .map((one) => this.store.bytesOf(one)?.toString('latin1') ?? '')
      .join('\n');
  }

  envelopeOf({ manifest }: ConfigurationPoint): Envelope {
    return JSON.parse(this.store.bytesOf(manifest.objects[0].key)?.toString() ?? '') as Envelope;
  }

  /** Puts another envelope in a point's place, past the digests of the manifest, as who may write to the vault can. */
  async plant(into: ConfigurationPoint, envelope: Envelope, change: object = {}): Promise<ConfigurationPoint> {
    const bytes = Buffer.from(JSON.stringify(envelope));
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const sizeBytes = bytes.length;
    const [object] = into.manifest.objects;
    const planted = { ...object, sizeBytes, sha256, crc32: crc32Base64(crc32(bytes)), parts: [{ sizeBytes, sha256 }] };
    this.store.damage(object.key, () => bytes);
    const manifest = {
      ...into.manifest,
      ...change,
      objects: [planted],
      totals: { ...into.manifest.totals, storedBytes: sizeBytes },
    };
    this.store.damage(`${into.prefix}${MANIFEST_NAME}`, () => Buffer.from(JSON.stringify(manifest)));
    return findPoint(this.store, 'orders', 'configuration', into.manifest.point);
  }
}
