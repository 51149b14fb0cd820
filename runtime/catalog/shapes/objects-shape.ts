/** What is in the manifest of a mirror of an object store, beside what is in every manifest. */
import type { Check } from './checks';
import { ITEMS_SHAPE } from './items-shape';

export const OBJECTS_SHAPE: Readonly<Record<string, Check>> = ITEMS_SHAPE;
