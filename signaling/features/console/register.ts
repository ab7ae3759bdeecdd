import { CanopyError } from '../../../base/index.ts';
import { demand, errorResponses, type Kernel, requirePrincipal } from '../../kernel/index.ts';
import { CONSOLE_REQUESTS } from './contract.ts';
import { disksOf } from './disks.ts';
import { consoleMetrics } from './metrics.ts';
import { serverStatus } from './rest.ts';
import { statusOf } from './server-status.ts';

/** The console of administrators: keys for it, and the state of the server. */
export function registerConsole(kernel: Kernel): void {
  const startedAtMs = Date.now();
  kernel.requests(
    CONSOLE_REQUESTS,
    {
      'console.open': async (session) => {
        demand(requirePrincipal(session), 'console.open');
        if (!kernel.config.api.console) {
          throw new CanopyError('FORBIDDEN', 'the operator has switched the console off (api.console)');
        }
        return { key: kernel.consoleKeys.issue(session) };
      },
    },
    { audited: ['console.open'], perConnection: ['console.open'] },
  );
  kernel.adminRoutes('server.administer', (app) => {
    app.get(
      '/api/status',
      {
        schema: {
          description: 'The state of the server: media workers, link, disks, and what it serves.',
          response: { 200: serverStatus, ...errorResponses },
        },
      },
      () => statusOf(kernel, startedAtMs),
    );
  });
  consoleMetrics(kernel.registry, () => disksOf(kernel.config));
}
