import { testFaults } from './support/fault-tests';

describe('faults of a production plan, the share 1 of 3', () => testFaults({ nth: 0, of: 3 }));
