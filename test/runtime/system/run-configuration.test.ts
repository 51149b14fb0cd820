import { RUN_CONFIGURATION_FORMAT } from '../../../model';
import { readRunConfiguration } from '../../../runtime/system/run-configuration';
import { failureOf } from '../../support/failure-of';

const TASK = { component: 'dump', taskDefinition: 'D', container: 'backup', subnets: ['s'], securityGroups: ['g'] };
const GOOD = { format: RUN_CONFIGURATION_FORMAT, cluster: 'shop', tasks: [TASK] };

function read(value: unknown) {
  return readRunConfiguration('orders', 's3://acme-vault/team', async (name) => {
    expect(name).toBe('/postgres-backup/orders/acme-vault/team');
    return typeof value === 'string' ? value : JSON.stringify(value);
  });
}

test('it is found by source and vault, and read', async () => {
  expect(await read(GOOD)).toEqual(GOOD);
});

test.each<[unknown, string]>([
  ['{', 'it is not JSON'],
  [[], 'it is [], not an object'],
  [{ ...GOOD, format: 'other/1' }, 'its format is "other/1"'],
  [{ ...GOOD, cluster: '' }, 'its cluster is ""'],
  [{ ...GOOD, tasks: [] }, 'it names no task'],
  [{ ...GOOD, tasks: [{ ...TASK, component: 'dumps' }] }, 'it has a task of "dumps"'],
  [{ ...GOOD, tasks: [{ ...TASK, taskDefinition: 7 }] }, 'the task of dump is not named'],
  [{ ...GOOD, tasks: [{ ...TASK, subnets: [] }] }, 'the task of dump has no subnets'],
])('%j is refused', async (value, problem) => {
  const error = await failureOf(read(value));
  expect(error).toMatchObject({ code: 'configuration-invalid' });
  expect(error.detail).toContain(problem);
});
