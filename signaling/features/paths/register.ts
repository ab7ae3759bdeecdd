import type { Kernel } from '../../kernel/index.ts';
import { PATH_REQUESTS } from './contract.ts';
import { pathHandlers } from './path-handlers.ts';
import { PathTests } from './path-tests.ts';

/** Connection tests: a client finds out, before it joins, over which path its media would reach the server and what that path carries. */
export function registerPaths(kernel: Kernel): void {
  kernel.requests(PATH_REQUESTS, pathHandlers(kernel, new PathTests(kernel)), {
    // A test ends with its connection.
    perConnection: ['path.open', 'path.create', 'path.connect', 'path.send', 'path.close'],
  });
}
