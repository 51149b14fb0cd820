import type { ThrowawayServer } from '../../runtime/postgres/throwaway-server';
import type { PostgresTools } from '../../runtime/postgres/tools';

/** The server of the demonstration, and the stock tools that look at it. */
export interface DatabaseServer {
  readonly server: ThrowawayServer;
  readonly tools: PostgresTools;
}
