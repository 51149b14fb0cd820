import { testFaults } from './support/fault-tests';

describe('faults of a production plan, the share 3 of 3', () => testFaults({ nth: 2, of: 3 }));
