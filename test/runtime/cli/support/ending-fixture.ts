// A process that ends in the way its argument names, under the guard.
import { guardEnding } from '../../../../runtime/cli/guard-ending';

const ending = guardEnding(process, (error) => void process.stderr.write(`told: ${error.code} ${error.message}\n`));

const ways: Record<string, () => unknown> = {
  'good end': () => ending.end(0),
  'unverified end': () => ending.end(3),
  'nothing left to wait for': () => new Promise(() => undefined),
  'thrown in a timer': () =>
    setTimeout(() => {
      throw new Error('thrown in a timer');
    }),
  'promise nobody looked at': () => Promise.reject(new Error('promise nobody looked at')),
  'something still open': () => {
    setInterval(() => undefined, 1000);
    ending.end(0);
  },
  'much to write': () => {
    process.stdout.write(`${'x'.repeat(4_000_000)}\n`);
    ending.end(0);
  },
  'ended at once': () => ending.exit(1),
};
ways[process.argv[2]]();
