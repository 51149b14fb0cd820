/** The end of mirrored versions with the rights that the construct deploys, and no more. */
import type { AuthorizationRequest } from '../../dev/s3';
import type { MirrorLab } from '../runtime/components/objects/support';
import { endFirstPoint, threeGenerations } from '../runtime/retention/mirrored/three-generations';
import { startAgeingLab } from '../runtime/retention/mirrored/support';
import { deployedRetention } from './retention-role';

const SLOW_MS = 120_000;

let lab: MirrorLab;

beforeAll(async () => (lab = await startAgeingLab()));
afterAll(async () => {
  jest.useRealTimers();
  await lab.close();
});

test(
  'the role of the deployed function is enough, and uses all that it was given for this',
  async () => {
    const mirror = await threeGenerations(lab, 'role');
    await endFirstPoint(mirror);
    const role = deployedRetention(mirror.world.vaultBucket, 'ended');
    const asked = new Set<string>();
    const refused: string[] = [];
    lab.authorize = (request) => {
      const place = request.key?.replace(/^team\/orders\/(\w+)\/.*?([\w.-]+)$/, '$1 $2') ?? 'listing';
      asked.add(`${request.action} ${place.replace(/^mirrors .*/, 'mirrors')}`);
      if (role.allows(withoutFolder(request))) return true;
      refused.push(`${request.action} ${request.key}`);
      return false;
    };
    const ended = await mirror.end();
    lab.authorize = () => true;
    expect(refused).toEqual([]);
    expect(ended.versions).toBe(3);
    expect([...asked].sort()).toEqual([
      's3:GetObject objects verification.json',
      's3:GetObjectVersion objects inventory-000001.jsonl.zst',
      's3:GetObjectVersion objects manifest.json',
      's3:GetObjectVersionTagging mirrors',
      's3:GetObjectVersionTagging objects manifest.json',
      's3:ListBucket listing',
      's3:ListBucketVersions listing',
      's3:PutObjectVersionTagging mirrors',
    ]);
  },
  SLOW_MS,
);

/** The lab's vault is a folder of its bucket, the deployed one is not. */
function withoutFolder(request: AuthorizationRequest): AuthorizationRequest {
  const bare = (text: string | undefined) => text?.replace(/^team\//, '');
  const prefix = bare(request.conditions['s3:prefix']);
  return {
    ...request,
    key: bare(request.key),
    conditions: { ...request.conditions, ...(prefix !== undefined && { 's3:prefix': prefix }) },
  };
}
