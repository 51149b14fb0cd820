import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { runProgram } from './programs/run';

test('a store that nobody answers for is unreachable, whatever is asked of it', async () => {
  const free = createServer().listen(0, '127.0.0.1');
  await once(free, 'listening');
  const { port } = free.address() as AddressInfo;
  free.close();
  await once(free, 'close');
  const codes = await runProgram('unreachable.ts', [`http://127.0.0.1:${port}`]);
  expect(codes).toEqual(new Array<string>(5).fill('store-unreachable'));
});
