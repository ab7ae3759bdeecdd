/** The console: administrators use the operator's API from the page. */
import { z } from 'zod';
import { nothing } from '../../../contract/index.ts';
import type { serverStatus } from './rest.ts';

export const CONSOLE_REQUESTS = {
  /**
   * Returns a key for the REST API, sent as `Authorization: Bearer KEY`. It ends with this connection, with the role admin, and when the
   * connection asks for another one.
   */
  'console.open': { data: nothing, result: z.object({ key: z.string() }) },
} as const;

type ConsoleRequests = typeof CONSOLE_REQUESTS;
declare module '../../../contract/wire.ts' {
  interface Requests extends ConsoleRequests {}
}

declare module '../../../contract/wire.ts' {
  interface OperatorAnswers {
    'GET /api/status': typeof serverStatus;
  }
}
