import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { CanopyError } from '../base/errors/index.ts';
import type { Sfu } from './index.ts';
import { Behind, baseline, enter, opusParameters, simulcastParameters, startSfu } from './test-support.ts';

const PEERS = ['ann', 'bob', 'eve'];
/** Permitted errors of requests whose objects closed meanwhile. */
const OVERTAKEN = new Set([
  'ROOM_NOT_JOINED',
  'TRANSPORT_UNKNOWN',
  'TRANSPORT_EXISTS',
  'PRODUCER_UNKNOWN',
  'CONSUMER_UNKNOWN',
]);
const ACTS = [
  ...[
    'produce',
    'produce',
    'produce',
    'consume',
    'consume',
    'consume',
    'consume',
    'pause',
    'resume',
    'restart',
  ],
  ...['closeProducer', 'closeConsumer', 'closeTransport', 'closePeer', 'closeRoom'],
  ...['reopen', 'reopen', 'reopen', 'wait', 'wait', 'settle', 'settle', 'settle'],
] as const;

/** Far more turns of the event loop than creating a voice takes. */
const MAX_TURNS = 400;

describe('requests and closings in any order', () => {
  const behind = new Behind();
  let sfu: Sfu;

  before(async () => {
    sfu = await startSfu();
  });
  after(async () => {
    await sfu.close();
    behind.close();
  });

  it('threat 14: a producer whose transport closes before the answer is refused, never returned as open', async () => {
    const parameters = opusParameters();
    for (let turns = 0, answered = 0; answered < 3; turns += 1) {
      assert.ok(turns < MAX_TURNS, 'a voice is created in time');
      const roomId = `closing-${turns}`;
      const { send } = await enter(sfu, roomId, 'ann');
      let open = true;
      const producing = sfu
        .produce(roomId, 'ann', {
          transportId: send.transportId,
          kind: 'audio',
          source: 'microphone',
          rtpParameters: parameters,
          paused: false,
        })
        .then(
          () => assert.ok(open, `answered after its transport closed, at turn ${turns}`),
          (error) => assert.equal(CanopyError.from(error).code, 'TRANSPORT_UNKNOWN'),
        );
      let done = false;
      const mark = () => {
        done = true;
      };
      void producing.then(mark, mark);
      for (let turn = 0; turn < turns && !done; turn += 1) {
        await setImmediate();
      }
      if (done) {
        answered += 1;
      }
      open = false;
      sfu.closeTransport(roomId, 'ann', send.transportId);
      await producing;
      sfu.closeRoom(roomId);
    }
  });

  it('threat 14: end at the baseline, each refused with a code or done, and the worker survives', async (t) => {
    const pids = (await sfu.workers()).map(({ pid }) => pid);
    const counts = { done: 0, refused: 0 };
    const act = fc.record({
      what: fc.constantFrom(...ACTS),
      who: fc.nat(PEERS.length - 1),
      which: fc.nat(20),
    });
    const schedule = fc.array(act, { minLength: 20, maxLength: 80 });
    await fc.assert(
      fc.asyncProperty(schedule, async (acts) => {
        const stage = await new Stage(sfu).open();
        for (const { what, who, which } of acts) {
          if (what === 'wait') {
            await setImmediate();
          } else if (what === 'settle') {
            await stage.settled();
          } else {
            stage.play(what, PEERS[who] as string, which);
          }
        }
        const { done, refused } = await stage.end();
        counts.done += done;
        counts.refused += refused;
        assert.deepEqual(sfu.gauges(), baseline(1));
        assert.deepEqual(await behind.leftovers(), { routers: 0, transports: 0, openHere: 0 });
      }),
      { numRuns: 60 },
    );
    assert.deepEqual(
      (await sfu.workers()).map(({ pid }) => pid),
      pids,
    );
    t.diagnostic(`${counts.done} requests done, ${counts.refused} overtaken`);
    assert.ok(counts.done > 60 && counts.refused > 100, JSON.stringify(counts));
  });
});

/** A room whose peers send requests without waiting, while others close their objects. */
class Stage {
  readonly #sfu: Sfu;
  readonly #transports = new Map<string, { send: string; recv: string }>();
  readonly #producers: string[] = [];
  readonly #consumers: string[] = [];
  readonly #requests: Array<Promise<unknown>> = [];

  constructor(sfu: Sfu) {
    this.#sfu = sfu;
  }

  async open(): Promise<this> {
    await Promise.all(PEERS.map((peer) => this.#enter(peer)));
    return this;
  }

  play(what: Exclude<(typeof ACTS)[number], 'wait' | 'settle'>, peer: string, which: number): void {
    const sfu = this.#sfu;
    const transports = this.#transports.get(peer);
    const producerId = this.#producers[which % this.#producers.length] ?? 'none';
    const consumerId = this.#consumers[which % this.#consumers.length] ?? 'none';
    const { send = 'none', recv = 'none' } = transports ?? {};
    const mid = String(this.#requests.length);
    switch (what) {
      case 'produce':
        this.#ask(
          sfu
            .produce('green', peer, {
              transportId: send,
              ...(which % 2
                ? { kind: 'audio', rtpParameters: { ...opusParameters(), mid } }
                : { kind: 'video', rtpParameters: { ...simulcastParameters(), mid } }),
              paused: false,
            })
            .then((made) => this.#producers.push(made.producerId)),
        );
        break;
      case 'consume':
        this.#ask(
          sfu
            .consume('green', peer, { transportId: recv, producerId })
            .then((made) => this.#consumers.push(made.consumerId)),
        );
        break;
      case 'pause':
        this.#ask(sfu.pauseProducer('green', peer, producerId));
        break;
      case 'resume':
        this.#ask(sfu.resumeConsumer('green', peer, consumerId));
        break;
      case 'restart':
        this.#ask(sfu.restartIce('green', peer, which % 2 ? send : recv));
        break;
      case 'closeProducer':
        sfu.closeProducer('green', peer, producerId);
        break;
      case 'closeConsumer':
        sfu.closeConsumer('green', peer, consumerId);
        break;
      case 'closeTransport':
        sfu.closeTransport('green', peer, which % 2 ? send : recv);
        break;
      case 'closePeer':
        sfu.closePeer('green', peer);
        break;
      case 'closeRoom':
        sfu.closeRoom('green');
        break;
      case 'reopen':
        this.#ask(this.#enter(peer));
    }
  }

  /** Waits for all requests so far. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#requests);
  }

  /** Closes the room while requests are pending, and returns their outcomes. */
  async end(): Promise<{ done: number; refused: number }> {
    const outcomes = Promise.allSettled(this.#requests);
    await setImmediate();
    this.#sfu.closeRoom('green');
    const result = { done: 0, refused: 0 };
    for (const outcome of await outcomes) {
      if (outcome.status === 'fulfilled') {
        result.done += 1;
      } else {
        assert.ok(outcome.reason instanceof CanopyError, String(outcome.reason));
        assert.ok(OVERTAKEN.has(outcome.reason.code), outcome.reason.code);
        result.refused += 1;
      }
    }
    // It may have been reopened meanwhile.
    this.#sfu.closeRoom('green');
    return result;
  }

  async #enter(peer: string): Promise<void> {
    const { send, recv } = await enter(this.#sfu, 'green', peer);
    this.#transports.set(peer, { send: send.transportId, recv: recv.transportId });
  }

  #ask(request: Promise<unknown>): void {
    this.#requests.push(request);
    // Checked at the end.
    request.catch(() => {});
  }
}
