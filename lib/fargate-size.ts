import { Size } from 'aws-cdk-lib';

/** What a task may use. */
export interface FargateSize {
  readonly cpuUnits: number;
  readonly memoryMiB: number;
}

/** One vCPU and 2 GiB, unless stated. Throws when Fargate has no task of this size, and says which sizes it has. */
export function fargateSize(cpuUnits = 1024, memory?: Size): FargateSize {
  const range = MEMORY_GIB[cpuUnits];
  if (!range) {
    throw new Error(`cpu is ${cpuUnits}, but must be one of ${Object.keys(MEMORY_GIB).join(', ')} (1024 is one vCPU)`);
  }
  const memoryMiB = memory?.toMebibytes() ?? Math.max(2048, range[0] * 1024);
  if (!range.some((gib) => gib * 1024 === memoryMiB)) {
    throw new Error(
      `memory is ${memoryMiB} MiB, but with cpu ${cpuUnits} Fargate has ${range.map((gib) => gib * 1024).join(', ')} MiB`,
    );
  }
  return { cpuUnits, memoryMiB };
}

/** From the table in https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html. */
const MEMORY_GIB: Record<number, number[]> = {
  256: [0.5, 1, 2],
  512: every(1, 1, 4),
  1024: every(1, 2, 8),
  2048: every(1, 4, 16),
  4096: every(1, 8, 30),
  8192: every(4, 16, 60),
  16384: every(8, 32, 120),
};

function every(step: number, first: number, last: number): number[] {
  return Array.from({ length: (last - first) / step + 1 }, (_, index) => first + index * step);
}
