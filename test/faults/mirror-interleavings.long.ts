/** A recovery point that is made while retention runs, and retention while one is made: at every single request to the vault. */
import { testInterleavings } from '../runtime/retention/mirrored/interleavings';

testInterleavings({ first: 1, every: 1, least: 15, timeoutMs: 600_000 });
