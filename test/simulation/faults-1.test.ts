import { testFaults } from './support/fault-tests';

describe('faults of a production plan, the share 2 of 3', () => testFaults({ nth: 1, of: 3 }));
