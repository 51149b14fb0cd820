/** A recovery point that is made while retention runs, and retention while one is made: at some requests to the vault; at every one in the long run. */
import { testInterleavings } from './interleavings';

testInterleavings({ first: 3, every: 4, least: 3, timeoutMs: 120_000 });
