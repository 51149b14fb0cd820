/** What is in the manifest of a volume of files, beside what is in every manifest. */
import type { Check } from './checks';
import { ITEMS_SHAPE } from './items-shape';

export const FILES_SHAPE: Readonly<Record<string, Check>> = ITEMS_SHAPE;
