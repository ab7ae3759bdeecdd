import type { Kernel } from '../../kernel/index.ts';
import { CallDevices } from './call-devices.ts';
import { callExport } from './call-export.ts';
import { callHandlers } from './call-handlers.ts';
import { CallHistory } from './call-history.ts';
import { CallPreferences } from './call-preferences.ts';
import { DIRECT_CALL_REQUESTS } from './contract.ts';
import { DirectCalls } from './direct-calls.ts';
import { directCallMetrics } from './metrics.ts';
import { RingLimits } from './ring-limits.ts';
import { divert } from './ring-person.ts';
import { takePhoneCall } from './take-phone-call.ts';

/** How long a call rings without its caller's connection, and how long the two may take to meet, in milliseconds. */
const MAX_AWAY_MS = 10_000;
const MEET_MS = 20_000;
/** How often old calls are deleted, in milliseconds. */
const PRUNE_MS = 3_600_000;

/** Direct calls between two people, and their lists of recent calls. */
export function registerDirectCalls(kernel: Kernel): void {
  const { config, log, rooms, store } = kernel;
  const resumeMs = config.limits.resumeSeconds * 1000;
  const devices = new CallDevices();
  const history = new CallHistory(store, log);
  const preferences = new CallPreferences(store);
  const warn = (message: string) => (error: unknown) => log.warn({ err: error }, message);

  const announce = async (accountId: string) => {
    const missed = await history.unseen(accountId);
    for (const { session } of devices.of(accountId)) {
      session.connection.send('call.recent', { missed });
    }
  };
  /** Deletes what features store about the room of a call, e.g. its chat. */
  const deleteRoom = async (roomId: string) => {
    const committed: Array<() => void> = [];
    await store.transaction((db) => kernel.roomDeleted.run({ roomId, db, committed }));
    for (const act of committed) {
      act();
    }
  };

  /** What is still being written. */
  const pending = new Set<Promise<void>>();
  const run = (work: Promise<void>, message: string) => {
    const done = work.catch(warn(message)).finally(() => pending.delete(done));
    pending.add(done);
  };
  const limits = new RingLimits();
  const calls = new DirectCalls({
    rooms,
    devices,
    history,
    away: kernel.away,
    log,
    resumePhone: (callId, events) => kernel.phoneExchange?.resume(callId, events),
    divert: (call) => divert(kernel, { preferences, limits }, call),
    onAnswered: (caller, callee) => limits.answered(caller, callee),
    ringMs: config.limits.ringSeconds * 1000,
    awayMs: Math.min(resumeMs, MAX_AWAY_MS),
    meetMs: MEET_MS,
    returnMs: MEET_MS + resumeMs,
    onEnded: ({ accountIds, roomId }) => {
      for (const accountId of accountIds) {
        run(announce(accountId), 'cannot count missed calls');
      }
      if (roomId !== undefined) {
        run(deleteRoom(roomId), 'cannot delete what is stored about the room of a call');
      }
    },
  });
  const feature = { calls, devices, history, preferences, limits, announce };
  kernel.requests(DIRECT_CALL_REQUESTS, callHandlers(kernel, feature), { perConnection: ['call.watch'] });
  kernel.metByPhone = (call) =>
    run(
      history.putMeeting(call).then(() => announce(call.accountId)),
      'cannot record the call of a phone',
    );
  kernel.takePhoneCall = (call) => takePhoneCall(kernel, feature, call);
  kernel.follow((room, entry) => calls.follow(room, entry));
  directCallMetrics(kernel.registry, calls);

  run(
    history.unfinished().then((records) => calls.restore(records)),
    'cannot take up calls that were in progress',
  );
  const prune = () => run(history.prune(), 'cannot delete old calls');
  const timer = setInterval(prune, PRUNE_MS);
  timer.unref();
  prune();

  kernel.exports.ofAccount((accountId) => callExport({ history, preferences }, accountId));
  kernel.accountReplaced.add(async ({ from, to }) => {
    calls.endAll(from);
    await history.replaceAccount(from, to);
    await preferences.replaceAccount(from, to);
  });
  kernel.accountRevoked.add((accountId) => calls.endAll(accountId));
  kernel.accountDeleting.add(async (accountId) => {
    calls.endAll(accountId);
    await history.forgetAccount(accountId);
    await preferences.forgetAccount(accountId);
  });
  kernel.stopping.add(() => calls.close());
  kernel.closing.add(async () => {
    clearInterval(timer);
    await Promise.all(pending);
    await history.close();
  });
}
