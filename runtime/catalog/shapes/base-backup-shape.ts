/** What is in the manifest of a base backup of a whole server, beside what is in every manifest. */
import type { Check } from './checks';
import { ITEMS_SHAPE } from './items-shape';

export const BASE_BACKUP_SHAPE: Readonly<Record<string, Check>> = ITEMS_SHAPE;
