/** What is in the manifest of settings, secrets and certificates, beside what is in every manifest. */
import type { Check } from './checks';
import { ITEMS_SHAPE } from './items-shape';

export const CONFIGURATION_SHAPE: Readonly<Record<string, Check>> = ITEMS_SHAPE;
