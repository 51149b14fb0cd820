// Prints "N passed, N failed" from jest's JSON result: the last line of .ci/run. A test file that could not even be
// run counts as one failure. No result, or one that counts nothing, is a failure too.
//
//     node scripts/print-test-totals.mjs RESULT.json
import { readFileSync } from 'node:fs';

const text = readFileSync(process.argv[2], 'utf8');
const result = text === '' ? {} : JSON.parse(text);
const passed = result.numPassedTests ?? 0;
const failed = (result.numFailedTests ?? 0) + (result.numRuntimeErrorTestSuites ?? 0);

if (passed + failed === 0) console.error('no test was run');
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = passed > 0 && failed === 0 ? 0 : 1;
