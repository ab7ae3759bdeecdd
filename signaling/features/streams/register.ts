import type { Kernel } from '../../kernel/index.ts';
import { STREAM_REQUESTS } from './contract.ts';
import { KeyAdministration } from './key-administration.ts';
import { keyHandlers } from './key-handlers.ts';
import { registerKeyRoutes } from './key-routes.ts';
import { streamMetrics } from './metrics.ts';
import { StreamKeys } from './stream-keys.ts';
import { registerStreamRoutes } from './stream-routes.ts';
import { Streams } from './streams.ts';

/** How often keys that expired long ago are deleted, in milliseconds. */
const PRUNE_MS = 3_600_000;

/** Programs that send into rooms (WHIP) and watch them (WHEP), with keys that people make. */
export function registerStreams(kernel: Kernel): void {
  const keys = new StreamKeys(kernel.store);
  const streams = new Streams(kernel);
  const administration = new KeyAdministration(kernel, keys, streams);
  kernel.requests(STREAM_REQUESTS, keyHandlers(administration), {
    audited: ['stream.createKey', 'stream.revokeKey'],
  });
  registerKeyRoutes(kernel, administration);
  registerStreamRoutes(kernel, keys, streams);
  streamMetrics(kernel.registry, streams);
  kernel.follow((room, entry) => streams.follow(room, entry));
  kernel.roomDeleted.add(async ({ db, roomId, committed }) => {
    const ids = await keys.forgetRoom(db, roomId);
    committed.push(() => endAll(ids));
  });
  kernel.accountReplaced.add(({ from, to }) => keys.replaceAccount(from, to));
  // Otherwise they could still watch with a key that they made.
  kernel.accountRevoked.add(async (accountId) => endAll(await keys.revokeFrom(accountId)));
  kernel.accountBanned.add(async ({ accountId, roomId }) => endAll(await keys.revokeFrom(accountId, roomId)));
  kernel.accountDeleting.add(async (accountId) => endAll(await keys.revokeFrom(accountId)));
  kernel.stopping.add(async () => streams.close());
  const timer = setInterval(() => {
    keys
      .prune()
      .catch((error: unknown) => kernel.log.warn({ err: error }, 'could not delete old stream keys'));
  }, PRUNE_MS);
  timer.unref();
  kernel.closing.add(() => clearInterval(timer));

  function endAll(keyIds: readonly string[]): void {
    for (const keyId of keyIds) {
      streams.endKey(keyId);
    }
  }
}
