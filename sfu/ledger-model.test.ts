import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { CanopyError } from '../base/errors/index.ts';
import type { Sfu, SfuEvents } from './index.ts';
import { baseline, nextEvent, opusParameters, simulcastParameters, startSfu } from './test-support.ts';

const ROOM = 'green';
const PEERS = ['ann', 'bob', 'eve'];
const MAX_PRODUCERS = 2;
const MAX_CONSUMERS = 3;
const RUNS = 60;
const NONE = { send: 'none', recv: 'none' };

type Act = (typeof ACTS)[number];
const ACTS = [
  ...['voice', 'video', 'video', 'consume', 'consume', 'pause', 'resume', 'enter', 'enter', 'enter'],
  ...['closeProducer', 'closeConsumer', 'closeParticipant', 'closeTransport', 'leave'],
  ...['turn', 'turn', 'turn', 'settle', 'settle'],
] as const;
const act = fc.record({
  what: fc.oneof(
    { weight: 120, arbitrary: fc.constantFrom(...ACTS) },
    { weight: 1, arbitrary: fc.constant('lose') },
  ),
  who: fc.constantFrom(...PEERS),
  which: fc.nat(20),
});

describe('the ledger, compared with a model built only from its answers and events', () => {
  let sfu: Sfu;

  before(async () => {
    sfu = await startSfu();
  });
  after(() => sfu.close());

  it(`${RUNS} random interleavings of requests, closings and a worker's death: no difference, and no limit is exceeded`, async (t) => {
    const totals = { answered: 0, refused: 0, limited: 0, lost: 0 };
    await fc.assert(
      fc.asyncProperty(fc.array(act, { minLength: 20, maxLength: 100 }), async (acts) => {
        const mirror = await new Mirror(sfu).open();
        try {
          for (const { what, who, which } of acts) {
            if (what === 'turn') {
              await setImmediate();
            } else if (what === 'settle') {
              await mirror.compare();
            } else if (what === 'lose') {
              await mirror.lose();
            } else {
              mirror.play(what as Act, who, which);
            }
            mirror.checkLimits();
          }
          await mirror.compare();
        } finally {
          mirror.close();
        }
        assert.deepEqual(sfu.gauges(), baseline(1));
        for (const key of Object.keys(totals) as Array<keyof typeof totals>) {
          totals[key] += mirror.counts[key];
        }
      }),
      { numRuns: RUNS, endOnFailure: true },
    );
    t.diagnostic(JSON.stringify(totals));
    assert.ok(Math.min(...Object.values(totals)) > 0, JSON.stringify(totals));
  });
});

interface MirroredPeer {
  transports: Set<string>;
  /** The producers, and whether each is paused. */
  producers: Map<string, boolean>;
  /** The consumers, and the transport of each. */
  consumers: Map<string, string>;
}

/** The state as signalling, a recorder or another node would know it. */
class Mirror {
  readonly counts = { answered: 0, refused: 0, limited: 0, lost: 0 };
  readonly #sfu: Sfu;
  readonly #peers = new Map<string, MirroredPeer>();
  /** The transports last returned to each peer. */
  readonly #own = new Map<string, { send: string; recv: string }>();
  readonly #opened = new Set<string>();
  readonly #answered = new Set<string>();
  readonly #pending = new Set<Promise<unknown>>();
  readonly #faults: unknown[] = [];
  readonly #stops: Array<() => void> = [];
  #mid = 0;

  constructor(sfu: Sfu) {
    this.#sfu = sfu;
    this.#on('produceropened', ({ peerId, producer }) => {
      assert.ok(!this.#opened.has(producer.producerId), 'opened once');
      this.#opened.add(producer.producerId);
      this.#peer(peerId).producers.set(producer.producerId, producer.paused);
    });
    this.#on('producerpaused', ({ peerId, producerId, paused }) => {
      assert.equal(
        this.#peer(peerId).producers.get(producerId),
        !paused,
        'changes are reported, of what is open',
      );
      this.#peer(peerId).producers.set(producerId, paused);
    });
    this.#on('producerclosed', ({ peerId, producerId }) => {
      assert.ok(this.#peer(peerId).producers.delete(producerId), 'closed once, after it opened');
    });
    this.#on('consumerclosed', ({ peerId, consumerId }) => {
      assert.ok(this.#peer(peerId).consumers.delete(consumerId), 'closed once, after it was answered');
    });
    this.#on('transportclosed', ({ peerId, transportId }) => {
      const peer = this.#peer(peerId);
      peer.transports.delete(transportId);
      for (const [consumerId, its] of peer.consumers) {
        if (its === transportId) {
          peer.consumers.delete(consumerId);
        }
      }
    });
    this.#on('roomlost', () => this.#peers.clear());
  }

  async open(): Promise<this> {
    for (const peer of PEERS) {
      this.play('enter', peer, 0);
    }
    await this.compare();
    return this;
  }

  play(what: Act, peerId: string, which: number): void {
    const sfu = this.#sfu;
    const { send, recv } = this.#own.get(peerId) ?? NONE;
    const producerIds = [...this.#opened];
    const producerId = producerIds[producerIds.length - 1 - (which % 6)] ?? 'none';
    const own = this.#peer(peerId);
    this.#mid += 1;
    const mid = String(this.#mid);
    const participantId = `${peerId} ${which % 2}`;
    const common = { transportId: send, participantId, paused: which % 3 === 0, maxProducers: MAX_PRODUCERS };
    switch (what) {
      case 'voice':
        this.#produce(peerId, { ...common, kind: 'audio', rtpParameters: { ...opusParameters(), mid } });
        break;
      case 'video':
        this.#produce(peerId, { ...common, kind: 'video', rtpParameters: { ...simulcastParameters(), mid } });
        break;
      case 'consume':
        this.#consume(peerId, recv, [producerId, producerIds[which % producerIds.length] ?? 'none']);
        break;
      case 'pause':
        this.#ask(sfu.pauseProducer(ROOM, peerId, producerId));
        break;
      case 'resume':
        this.#ask(sfu.resumeProducer(ROOM, peerId, producerId));
        break;
      case 'closeProducer':
        sfu.closeProducer(ROOM, peerId, producerId);
        break;
      case 'closeConsumer': {
        const [consumerId = 'none'] = own.consumers.keys();
        // What its owner closes is not reported.
        if (sfu.closeConsumer(ROOM, peerId, consumerId)) {
          own.consumers.delete(consumerId);
        }
        break;
      }
      case 'closeParticipant':
        sfu.closeParticipant(ROOM, peerId, participantId);
        break;
      case 'closeTransport':
        sfu.closeTransport(ROOM, peerId, which % 2 ? send : recv);
        break;
      case 'leave':
        sfu.closePeer(ROOM, peerId);
        break;
      case 'enter':
        this.#ask(this.#enter(peerId));
    }
  }

  /** The worker dies during everything in progress; the room reopens on its successor. */
  async lose(): Promise<void> {
    const [worker] = await this.#sfu.workers();
    if (!worker) {
      return;
    }
    this.counts.lost += 1;
    const lost = nextEvent(this.#sfu, 'workerstarted');
    process.kill(worker.pid, 'SIGKILL');
    await lost;
    await this.#sfu.openRoom(ROOM);
  }

  /** Invariants that hold at any time. */
  checkLimits(): void {
    for (const peerId of PEERS) {
      const { transportIds, producerIds, consumerIds } = this.#sfu.ownObjects(ROOM, peerId);
      assert.ok(transportIds.length <= 2 && producerIds.length <= MAX_PRODUCERS);
      assert.ok(consumerIds.length <= MAX_CONSUMERS);
    }
  }

  /** Waits for the pending requests, and for what the worker still reports about them. */
  async compare(): Promise<void> {
    while (this.#pending.size > 0) {
      await Promise.all(this.#pending);
    }
    // The worker answers in order, and its notifications arrive a turn later.
    await this.#sfu.traffic();
    for (const worker of await this.#sfu.workers()) {
      assert.ok(worker.pid);
    }
    for (let turn = 0; turn < 3; turn += 1) {
      await setImmediate();
    }
    assert.deepEqual(this.#faults, []);
    const sum = { transports: 0, producers: 0, consumers: 0 };
    for (const peerId of PEERS) {
      const peer = this.#peer(peerId);
      const { transportIds, producerIds, consumerIds } = this.#sfu.ownObjects(ROOM, peerId);
      assert.deepEqual(
        [[...peer.transports], [...peer.producers.keys()], [...peer.consumers.keys()]].map((ids) =>
          ids.sort(),
        ),
        [transportIds, producerIds, consumerIds].map((ids) => ids.sort()),
        peerId,
      );
      sum.transports += transportIds.length;
      sum.producers += producerIds.length;
      sum.consumers += consumerIds.length;
    }
    const { transports, producers, consumers } = this.#sfu.gauges();
    assert.deepEqual({ transports, producers, consumers }, sum);
    // A producer is reported to others exactly if produce() resolved.
    assert.deepEqual([...this.#answered].sort(), [...this.#opened].sort());
  }

  close(): void {
    for (const stop of this.#stops) {
      stop();
    }
    this.#sfu.closeRoom(ROOM);
  }

  #produce(peerId: string, options: Parameters<Sfu['produce']>[2]): void {
    this.#ask(
      this.#sfu.produce(ROOM, peerId, options).then(({ producerId }) => {
        this.#answered.add(producerId);
      }),
    );
  }

  #consume(peerId: string, transportId: string, producerIds: string[]): void {
    const request = { transportId, producerIds, maxConsumers: MAX_CONSUMERS };
    this.#ask(
      this.#sfu.consumeEach(ROOM, peerId, request).then(({ consumers }) => {
        for (const { consumerId } of consumers) {
          this.#peer(peerId).consumers.set(consumerId, transportId);
        }
      }),
    );
  }

  async #enter(peerId: string): Promise<void> {
    const { routerRtpCapabilities: rtpCapabilities } = await this.#sfu.openRoom(ROOM);
    for (const direction of ['send', 'recv'] as const) {
      const { transportId } = await this.#sfu.createTransport(ROOM, peerId, { direction, rtpCapabilities });
      this.#peer(peerId).transports.add(transportId);
      this.#own.set(peerId, { ...(this.#own.get(peerId) ?? NONE), [direction]: transportId });
    }
  }

  #ask(request: Promise<unknown>): void {
    const noted: Promise<unknown> = request
      .then(
        () => {
          this.counts.answered += 1;
        },
        (error: unknown) => {
          this.counts.refused += 1;
          assert.ok(error instanceof CanopyError && error.code !== 'INTERNAL', String(error));
          if (error.code === 'LIMIT_REACHED') {
            this.counts.limited += 1;
          }
        },
      )
      .catch((error: unknown) => this.#faults.push(error))
      .finally(() => this.#pending.delete(noted));
    this.#pending.add(noted);
  }

  #peer(peerId: string): MirroredPeer {
    const peer = this.#peers.get(peerId) ?? {
      transports: new Set<string>(),
      producers: new Map<string, boolean>(),
      consumers: new Map<string, string>(),
    };
    this.#peers.set(peerId, peer);
    return peer;
  }

  /** Errors in listeners are kept here; the media plane would only log them. */
  #on<Name extends keyof SfuEvents>(name: Name, note: (data: SfuEvents[Name][0]) => void): void {
    const listen = (data: SfuEvents[Name][0]): void => {
      try {
        note(data);
      } catch (error) {
        this.#faults.push(error);
      }
    };
    this.#sfu.on(name as string & keyof SfuEvents, listen as never);
    this.#stops.push(() => this.#sfu.off(name as string & keyof SfuEvents, listen as never));
  }
}
