/** Prints the table of the guide docs/detection.md: npx tsx test/simulation/print-table.ts */
import { detect } from './support/detection';
import { allFaults } from './support/faults';
import { deployProductionPlan } from './support/plan-stack';
import { TABLE_HEAD, tableRow } from './support/table';

async function main(): Promise<void> {
  const deployment = deployProductionPlan();
  const print = (line: string) => process.stdout.write(`${line}\n`);
  TABLE_HEAD.forEach(print);
  for (const fault of allFaults(deployment)) print(tableRow(await detect(deployment, fault)));
}

void main();
