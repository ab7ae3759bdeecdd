import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { createLogger } from '../../../base/index.ts';
import type { RequestName, RequestResult } from '../../../contract/index.ts';
import type { Arrival } from '../../../test/support/log-member.ts';
import { Away, type Kernel, type Session } from '../../kernel/index.ts';
import { DirectLink, TestKernel } from '../testing/index.ts';
import { CallDevices } from './call-devices.ts';
import type { DirectCall } from './contract.ts';
import { type Asking, DirectCalls } from './direct-calls.ts';

const RUNS = 60;
const SEED = 20_261_130;

const ACTIONS = [
  'start',
  'start',
  'answer',
  'answer',
  'decline',
  'end',
  'ringing',
  'enter',
  'leave',
  'cut',
  'wait',
] as const;
interface Step {
  action: (typeof ACTIONS)[number];
  who: number;
  /** Which of the calls that exist. */
  which: number;
  /** Whether the next step follows without waiting for this one. */
  together: boolean;
}

/** A program of one of the two people, and the newest state of each call that it was told. */
class Device {
  readonly accountId: string;
  readonly clientId = randomUUID();
  readonly calls = new Map<string, DirectCall>();
  readonly #kernel: Kernel;
  readonly #failures: string[];
  link: DirectLink;

  constructor(kernel: Kernel, accountId: string, failures: string[]) {
    this.#kernel = kernel;
    this.accountId = accountId;
    this.#failures = failures;
    this.link = this.#connect();
  }

  /** Connects, and learns what is in progress. */
  async watch(): Promise<void> {
    const { link } = this;
    const answer = await link.request('call.watch', { clientId: this.clientId });
    // Cut again meanwhile.
    if (link !== this.link) {
      return;
    }
    assert.ok(answer.ok, JSON.stringify(answer));
    const { calls } = answer.result as RequestResult<'call.watch'>;
    for (const [callId, known] of this.calls) {
      if (known.state !== 'ended' && !calls.some((call) => call.callId === callId)) {
        this.calls.delete(callId);
      }
    }
    for (const call of calls) {
      this.#apply(call);
    }
  }

  async cut(): Promise<void> {
    this.link.cut(true);
    this.link = this.#connect();
    await this.watch();
  }

  ask(name: RequestName, data: object): Promise<unknown> {
    return this.link.request(name, { clientId: this.clientId, ...data });
  }

  #connect(): DirectLink {
    return new DirectLink(
      this.#kernel,
      this.accountId,
      (link, arrival: Arrival) => {
        if (link === this.link && 'event' in arrival && arrival.event === 'call.changed') {
          this.#apply((arrival.data as { call: DirectCall }).call);
        }
        return 0;
      },
      this.clientId,
    );
  }

  #apply(call: DirectCall): void {
    const order = ['calling', 'ringing', 'answered', 'ended'];
    const known = this.calls.get(call.callId);
    if (known && order.indexOf(known.state) > order.indexOf(call.state)) {
      this.#failures.push(`${call.callId} went from ${known.state} to ${call.state}`);
    }
    if (known?.answeredAtMs !== undefined && known.answeredAtMs !== call.answeredAtMs) {
      this.#failures.push(`${call.callId} was answered twice`);
    }
    this.calls.set(call.callId, call);
  }
}

describe('direct calls under random actions', () => {
  let host: TestKernel;
  let kernel: Kernel;

  before(async () => {
    host = await TestKernel.open();
    kernel = host.kernel;
  });
  after(() => host.close());

  const newAccount = async () => {
    const accountId = randomBytes(32).toString('hex');
    const account = { accountId, displayName: 'Somebody', role: 'member' as const, source: 'pki' as const };
    await kernel.accounts.ensure({ ...account, nowMs: Date.now() });
    return accountId;
  };

  it(`${RUNS} random orders on two people's four devices: all agree, and each call has one answer and one end`, async (t) => {
    const outcomes = new Map<string, number>();
    const step: fc.Arbitrary<Step> = fc.record({
      action: fc.constantFrom(...ACTIONS),
      who: fc.nat(3),
      which: fc.nat(3),
      together: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 50, size: 'max' }), async (steps) => {
        const failures: string[] = [];
        const accounts = [await newAccount(), await newAccount()] as const;
        const devices = [0, 0, 1, 1].map((which) => new Device(kernel, accounts[which as 0 | 1], failures));
        for (const device of devices) {
          await device.watch();
        }
        const started: string[] = [];
        let running: Array<Promise<unknown>> = [];
        for (const { action, who, which, together } of steps) {
          const device = devices[who] as Device;
          const other = device.accountId === accounts[0] ? accounts[1] : accounts[0];
          const callId = started.at(-1 - which) ?? randomUUID();
          running.push(run(device, other, action, callId, started));
          if (!together) {
            await Promise.all(running.splice(0));
            await settled();
            check(devices, accounts);
          }
        }
        await Promise.all(running);
        running = [];
        await settled();
        check(devices, accounts);
        // Whatever is left ends, and both lists have every call once, with the same end.
        for (const call of devices[0]?.calls.values() ?? []) {
          if (call.state !== 'ended') {
            await devices[0]?.ask('call.end', { callId: call.callId });
          }
        }
        await settled();
        check(devices, accounts);
        assert.deepEqual(failures, []);
        const [mine, theirs] = await Promise.all(
          [devices[0], devices[2]].map(async (device) => {
            const answer = await device?.link.get('call.list', { limit: 100 });
            return (answer?.calls ?? []).map(
              ({ callId, outcome, direction }) => [callId, outcome, direction] as const,
            );
          }),
        );
        assert.deepEqual(
          mine?.map(([callId, outcome]) => [callId, outcome]),
          theirs?.map(([callId, outcome]) => [callId, outcome]),
        );
        assert.ok(mine?.every(([, , direction], n) => direction !== theirs?.[n]?.[2]));
        for (const [, outcome] of mine ?? []) {
          outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
        }
        for (const device of devices) {
          device.link.cut(true);
        }
      }),
      { numRuns: RUNS, seed: SEED, endOnFailure: true },
    );
    t.diagnostic(JSON.stringify(Object.fromEntries(outcomes)));
    for (const outcome of ['completed', 'declined', 'cancelled']) {
      assert.ok((outcomes.get(outcome) ?? 0) > 3, outcome);
    }
    assert.equal(kernel.rooms.size, 0);
  });

  async function run(
    device: Device,
    other: string,
    action: Step['action'],
    callId: string,
    started: string[],
  ): Promise<void> {
    switch (action) {
      case 'start': {
        const id = randomUUID();
        started.push(id);
        await device.ask('call.start', { callId: id, to: other });
        break;
      }
      case 'enter': {
        const roomId = [...device.calls.values()].find(({ state }) => state === 'answered')?.roomId;
        if (roomId !== undefined) {
          await device.link.request('room.join', { roomId });
        }
        break;
      }
      case 'leave':
        await device.link.request('room.leave', {});
        break;
      case 'cut':
        await device.cut();
        break;
      case 'wait':
        await turn();
        break;
      default:
        await device.ask(`call.${action}`, { callId });
    }
  }

  /** Lets follow-ups of leaving a room happen. */
  async function settled(): Promise<void> {
    for (let n = 0; n < 4; n += 1) {
      await turn();
    }
  }

  /** All devices see the same calls, from their sides. */
  function check(devices: readonly Device[], accounts: readonly [string, string]): void {
    const live = (device: Device) =>
      [...device.calls.values()]
        .filter(({ state }) => state !== 'ended')
        .map(({ callId, state, roomId, answeredAtMs }) => ({ callId, state, roomId, answeredAtMs }))
        .sort((a, b) => (a.callId < b.callId ? -1 : 1));
    const [first, ...others] = devices.map(live);
    for (const each of others) {
      assert.deepEqual(each, first);
    }
    assert.ok((first?.filter(({ state }) => state === 'answered').length ?? 0) <= 1);
    for (const accountId of accounts) {
      const theirs = devices.filter((device) => device.accountId === accountId);
      for (const { callId, state } of first ?? []) {
        const here = theirs.filter((device) => device.calls.get(callId)?.here).length;
        assert.ok(here <= 1 && (state !== 'answered' || here === 1), `${here} devices are in ${callId}`);
      }
    }
    // A room is open only during its call.
    const rooms = kernel.rooms.all.map(({ roomId }) => roomId);
    assert.ok(rooms.every((roomId) => first?.some((call) => call.roomId === roomId)));
  }
});

describe('the time limits of a call', () => {
  const [ann, bob] = ['ann', 'bob'].map((accountId) => ({
    accountId,
    displayName: accountId,
    endpoint: { deviceId: accountId, clientId: accountId },
  })) as [Asking, Asking];

  /** Calls whose limits are short, of two people who are connected. */
  const open = () => {
    const ended = Promise.withResolvers<void>();
    const devices = new CallDevices();
    const calls = new DirectCalls({
      rooms: { find: () => undefined, peers: [], addCallRoom() {}, endCallRoom() {} },
      devices,
      history: { put() {} },
      away: new Away(),
      log: createLogger({ level: 'silent', format: 'json' }),
      ringMs: 60_000,
      awayMs: 1,
      meetMs: 5,
      returnMs: 5,
      onEnded: () => ended.resolve(),
    });
    const sessions = [ann, bob].map((each) => {
      const session = { releases: [], connection: { send() {} } } as unknown as Session;
      devices.add(session, each);
      return session;
    });
    return {
      calls,
      /** The connection of whoever calls is lost. */
      cut: () => {
        for (const release of sessions[0]?.releases.splice(0) ?? []) {
          release();
        }
      },
      /** The one call ends by itself. Returns its outcome. */
      outcome: async () => {
        assert.equal(calls.size, 1);
        // The timers alone do not keep a process running.
        const alive = setTimeout(() => ended.reject(new Error('the call did not end')), 5000);
        await ended.promise;
        clearTimeout(alive);
        assert.equal(calls.size, 0);
        return [...calls.counts];
      },
    };
  };
  const ring = (calls: DirectCalls) => {
    const callId = randomUUID();
    calls.start(ann, { callId, callee: bob, media: 'audio', mayDisturb: true });
    return callId;
  };

  it('two who never meet are disconnected', async () => {
    const { calls, outcome } = open();
    calls.answer(bob, ring(calls));
    assert.deepEqual(await outcome(), [['failed', 1]]);
  });

  it('a call that rings is cancelled if its caller does not come back', async () => {
    const { calls, cut, outcome } = open();
    ring(calls);
    cut();
    assert.deepEqual(await outcome(), [['cancelled', 1]]);
  });

  it('a call in progress ends if nobody comes back after a restart of the server', async () => {
    const { calls, outcome } = open();
    calls.restore([
      {
        callId: randomUUID(),
        caller: ann,
        callee: bob,
        media: 'audio',
        roomId: `call_${randomUUID()}`,
        startedAtMs: 1,
        answeredAtMs: 2,
      },
    ]);
    assert.deepEqual(await outcome(), [['failed', 1]]);
  });
});
