import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { SpeakerSelector } from './speaker-selector.ts';

const SILENCE = -127;
const PACKET_MS = 20;

/** A room with a simulated clock. */
class Scene {
  readonly selector: SpeakerSelector;
  /** The forwarded microphones, according to the events. */
  readonly forwarded = new Set<string>();
  readonly changes: Array<{ id: string; forwarded: boolean; atMs: number }> = [];
  readonly dominants: Array<string | null> = [];
  nowMs = 1000;

  constructor(places: number, ids: readonly string[] = []) {
    this.selector = new SpeakerSelector(places, {
      forwarded: (id, forwarded) => {
        this.changes.push({ id, forwarded, atMs: this.nowMs });
        if (forwarded) {
          this.forwarded.add(id);
        } else {
          this.forwarded.delete(id);
        }
      },
      dominant: (id) => this.dominants.push(id),
    });
    for (const id of ids) {
      this.selector.add(id, false, this.nowMs);
    }
  }

  /** Advances the clock in packets of 20 ms: one per named microphone, at its level (null: no packet, as with DTX). */
  run(durationMs: number, levels: (elapsedMs: number) => Record<string, number | null>): void {
    for (let elapsedMs = 0; elapsedMs < durationMs; elapsedMs += PACKET_MS) {
      for (const [id, dbov] of Object.entries(levels(elapsedMs))) {
        if (dbov !== null) {
          this.selector.hear(id, dbov, this.nowMs);
        }
      }
      this.nowMs += PACKET_MS;
    }
  }

  /** Number of slot changes within the last milliseconds. */
  changesSince(atMs: number): number {
    return this.changes.filter((change) => change.atMs >= atMs).length;
  }
}

/** Words of 300 ms with pauses of 100 ms between them. */
function speech(dbov: number, elapsedMs: number): number {
  return elapsedMs % 400 < 300 ? dbov : -65;
}

describe('SpeakerSelector', () => {
  it('the first to arrive have the slots, and silence changes nothing', () => {
    const scene = new Scene(3, ['a', 'b', 'c', 'd', 'e']);
    scene.run(5000, () => ({ a: SILENCE, d: SILENCE, e: -66 }));
    assert.deepEqual([...scene.forwarded], ['a', 'b', 'c']);
    assert.equal(scene.changes.length, 3);
    assert.deepEqual(scene.dominants, []);
  });

  it('0 slots: everybody is forwarded', () => {
    const scene = new Scene(0, ['a', 'b', 'c', 'd', 'e']);
    assert.equal(scene.forwarded.size, 5);
  });

  it('the first loud packet gets the slot of whoever has been silent longest', () => {
    const scene = new Scene(3, ['a', 'b', 'c', 'd']);
    for (const id of ['b', 'c', 'a']) {
      scene.run(1000, (elapsed) => ({ [id]: speech(-25, elapsed) }));
    }
    scene.run(PACKET_MS, () => ({ d: -30 }));
    assert.deepEqual([...scene.forwarded].sort(), ['a', 'c', 'd']);
  });

  it('a speaker pausing for breath keeps the slot when someone else starts to speak', () => {
    const scene = new Scene(1, ['a', 'b']);
    scene.run(2000, (elapsed) => ({ a: speech(-30, elapsed) }));
    scene.run(400, () => ({ b: -30 }));
    assert.deepEqual([...scene.forwarded], ['a']);
    scene.run(300, () => ({ b: -30 }));
    assert.deepEqual([...scene.forwarded], ['b']);
  });

  it('two equally loud people talking at once do not take the slot from each other', () => {
    const scene = new Scene(1, ['a', 'b']);
    scene.run(2000, (elapsed) => ({ a: speech(-28, elapsed) }));
    scene.run(20_000, (elapsed) => ({ a: speech(-28, elapsed), b: speech(-26, elapsed + 170) }));
    assert.deepEqual([...scene.forwarded], ['a']);
    assert.equal(scene.changes.length, 1);
  });

  it('someone clearly louder than the current speakers is heard within a second', () => {
    const scene = new Scene(3, ['a', 'b', 'c', 'd']);
    const three = (elapsed: number) => ({
      a: speech(-30, elapsed),
      b: speech(-40, elapsed),
      c: speech(-32, elapsed),
    });
    scene.run(3000, three);
    scene.run(1000, (elapsed) => ({ ...three(elapsed), d: speech(-22, elapsed) }));
    assert.deepEqual([...scene.forwarded].sort(), ['a', 'c', 'd']);
  });

  it('steady noise never keeps a slot from a speaker, however loud the noise and low the voice', () => {
    const scene = new Scene(1, ['fan', 'person']);
    scene.run(5000, () => ({ fan: -38 }));
    scene.run(PACKET_MS, () => ({ fan: -38, person: -45 }));
    assert.deepEqual([...scene.forwarded], ['person']);
    scene.run(5000, (elapsed) => ({ fan: -38, person: speech(-45, elapsed) }));
    assert.deepEqual([...scene.forwarded], ['person']);
  });

  it('someone who speaks over their own noise is a speaker', () => {
    const scene = new Scene(1, ['a', 'b']);
    // Until it is recognised as noise, it may be a voice.
    scene.run(5000, () => ({ b: -50 }));
    scene.run(1000, (elapsed) => ({ a: speech(-30, elapsed), b: -50 }));
    scene.run(1000, () => ({ b: -50 }));
    assert.deepEqual([...scene.forwarded], ['a']);
    scene.run(PACKET_MS, () => ({ b: -30 }));
    assert.deepEqual([...scene.forwarded], ['b']);
  });

  it('an onset after a long silence under DTX counts from its first packet', () => {
    const scene = new Scene(1, ['a', 'b']);
    scene.run(3000, (elapsed) => ({ b: speech(-20, elapsed) }));
    scene.run(60_000, (elapsed) => ({ b: elapsed % 400 === 0 ? -70 : null }));
    scene.run(1000, (elapsed) => ({ a: speech(-20, elapsed) }));
    scene.run(1000, () => ({}));
    scene.run(PACKET_MS, () => ({ b: -45 }));
    assert.deepEqual([...scene.forwarded], ['b']);
  });

  it('someone typing gets no slot after a few clicks, but does by speaking', () => {
    const scene = new Scene(1, ['a', 'typist']);
    const typing = (elapsed: number) => ({
      a: elapsed % 3000 < 1000 ? -30 : SILENCE,
      typist: elapsed % 360 === 0 ? -40 : SILENCE,
    });
    scene.run(10_000, typing);
    const before = scene.nowMs;
    scene.run(10_000, typing);
    assert.equal(scene.changesSince(before), 0);
    scene.run(1500, () => ({}));
    scene.run(60, () => ({ typist: -30 }));
    assert.deepEqual([...scene.forwarded], ['typist']);
  });

  it('muted speakers lose their slots first, and unmuting gets a slot before speech starts', () => {
    const scene = new Scene(2, ['a', 'b', 'c']);
    scene.run(1000, (elapsed) => ({ a: speech(-20, elapsed) }));
    scene.selector.setPaused('a', true, scene.nowMs);
    scene.run(PACKET_MS, () => ({ c: -30 }));
    assert.deepEqual([...scene.forwarded].sort(), ['b', 'c']);
    scene.run(1000, () => ({}));
    scene.selector.setPaused('a', false, scene.nowMs);
    assert.deepEqual([...scene.forwarded].sort(), ['a', 'c']);
  });

  it('a free slot goes to the most recent speaker', () => {
    const scene = new Scene(2, ['a', 'b', 'c', 'd']);
    for (const id of ['d', 'c', 'a', 'b']) {
      scene.run(1000, (elapsed) => ({ [id]: speech(-25, elapsed) }));
    }
    scene.selector.remove('b', scene.nowMs);
    scene.forwarded.delete('b');
    assert.deepEqual([...scene.forwarded].sort(), ['a', 'c']);
  });

  it('whoever talks becomes the dominant speaker and stays so in silence; a cough changes nothing', () => {
    const scene = new Scene(3, ['a', 'b', 'c']);
    scene.run(1000, (elapsed) => ({ a: speech(-30, elapsed), c: SILENCE }));
    scene.run(2000, () => ({ a: SILENCE, b: SILENCE }));
    scene.run(120, () => ({ b: -15 }));
    scene.run(1000, () => ({ b: SILENCE }));
    assert.deepEqual(scene.dominants, ['a']);
    scene.run(1000, (elapsed) => ({ b: speech(-30, elapsed) }));
    assert.deepEqual(scene.dominants, ['a', 'b']);
    scene.selector.remove('b', scene.nowMs);
    assert.deepEqual(scene.dominants, ['a', 'b', null]);
  });

  it('two people talking at once do not take dominance from each other', () => {
    const scene = new Scene(3, ['a', 'b']);
    scene.run(1000, (elapsed) => ({ a: speech(-28, elapsed) }));
    scene.run(20_000, (elapsed) => ({ a: speech(-28, elapsed), b: speech(-27, elapsed + 200) }));
    assert.deepEqual(scene.dominants, ['a']);
  });

  it('knows when someone last spoke, ignoring coughs', () => {
    const scene = new Scene(3, ['a']);
    scene.run(60, () => ({ a: -20 }));
    assert.equal(scene.selector.lastSpokeAtMs('a'), null);
    scene.run(2000, () => ({}));
    scene.run(400, () => ({ a: -20 }));
    const lastMs = scene.nowMs - PACKET_MS;
    assert.equal(scene.selector.lastSpokeAtMs('a'), lastMs);
    assert.ok(scene.selector.isSpeaking('a', scene.nowMs));
    assert.ok(!scene.selector.isSpeaking('a', scene.nowMs + 1000));
  });

  describe('threat 62: forged levels', () => {
    /** As loud as possible, with the shortest pauses that are not mistaken for noise. */
    const forged = (elapsed: number) => (elapsed % 400 < 300 ? 0 : SILENCE);
    const honest = (elapsed: number) => (elapsed % 5000 < 4200 ? speech(-35, elapsed) : SILENCE);

    for (const first of ['forger', 'honest'] as const) {
      it(`many microphones of one speaker have one slot, and the honest speaker another (${first} first)`, () => {
        const scene = new Scene(3);
        const add = {
          forger: () =>
            ['f1', 'f2', 'f3', 'f4'].map((id) => scene.selector.add(id, false, scene.nowMs, 'forger')),
          honest: () => scene.selector.add('honest', false, scene.nowMs),
        };
        add[first]();
        add[first === 'forger' ? 'honest' : 'forger']();
        let heardMs = 0;
        for (let elapsed = 0; elapsed < 60_000; elapsed += PACKET_MS) {
          const loud = forged(elapsed);
          scene.run(PACKET_MS, () => ({ f1: loud, f2: loud, f3: loud, f4: loud, honest: honest(elapsed) }));
          if (scene.forwarded.has('honest')) {
            heardMs += PACKET_MS;
          }
          assert.ok([...scene.forwarded].filter((id) => id.startsWith('f')).length <= 1);
        }
        assert.equal(heardMs, 60_000);
      });
    }

    it('a speaker with two microphones is heard through the one spoken into', () => {
      const scene = new Scene(3);
      for (const id of ['laptop', 'phone']) {
        scene.selector.add(id, false, scene.nowMs, 'ann');
      }
      scene.run(1000, (elapsed) => ({ laptop: speech(-30, elapsed) }));
      assert.deepEqual([...scene.forwarded], ['laptop']);
      scene.run(600, () => ({}));
      scene.run(PACKET_MS, () => ({ phone: -30 }));
      assert.deepEqual([...scene.forwarded], ['phone']);
      scene.selector.remove('phone', scene.nowMs);
      scene.forwarded.delete('phone');
      assert.ok(scene.selector.isForwarded('laptop'));
    });

    for (const places of [1, 3]) {
      it(`forgers in all ${places} slots never silence an honest speaker for good`, () => {
        const forgers = Array.from({ length: places }, (_, n) => `f${n}`);
        const scene = new Scene(places, [...forgers, 'honest']);
        const run = (elapsed: number, speaks: boolean) =>
          scene.run(PACKET_MS, () => ({
            ...Object.fromEntries(forgers.map((id, n) => [id, forged(elapsed + 130 * n)])),
            honest: speaks ? honest(elapsed) : null,
          }));
        for (let elapsed = 0; elapsed < 60_000; elapsed += PACKET_MS) {
          run(elapsed, false);
        }
        let heardMs = 0;
        for (let elapsed = 0; elapsed < 60_000; elapsed += PACKET_MS) {
          run(elapsed, true);
          if (scene.forwarded.has('honest')) {
            heardMs += PACKET_MS;
          }
        }
        assert.ok(heardMs > 10_000, `heard for ${heardMs} ms of 60,000`);
      });
    }
  });
});

const ids = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
const step = fc.oneof(
  { weight: 12, arbitrary: fc.record({ type: fc.constant('hear' as const), id: fc.constantFrom(...ids) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('add' as const), id: fc.constantFrom(...ids) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('remove' as const), id: fc.constantFrom(...ids) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('pause' as const), id: fc.constantFrom(...ids) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('resume' as const), id: fc.constantFrom(...ids) }) },
);
const history = fc.array(
  fc.record({ step, waitMs: fc.integer({ min: 0, max: 600 }), dbov: fc.integer({ min: -127, max: 0 }) }),
  { maxLength: 300 },
);

describe('SpeakerSelector, whatever happens', () => {
  it('forwards as many as there are slots, reports each change once, and names nobody who is gone', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4 }), history, (places, events) => {
        const scene = new Scene(places);
        const present = new Set<string>();
        for (const { step, waitMs, dbov } of events) {
          scene.nowMs += waitMs;
          const { selector, nowMs } = scene;
          const changesBefore = scene.changes.length;
          if (step.type === 'add' && !present.has(step.id)) {
            selector.add(step.id, false, nowMs);
          }
          if (step.type === 'add') {
            present.add(step.id);
          }
          if (step.type === 'remove') {
            selector.remove(step.id, nowMs);
          }
          if (step.type === 'remove') {
            present.delete(step.id);
            scene.forwarded.delete(step.id);
          }
          if (step.type === 'pause') {
            selector.setPaused(step.id, true, nowMs);
          }
          if (step.type === 'resume') {
            selector.setPaused(step.id, false, nowMs);
          }
          if (step.type === 'hear') {
            selector.hear(step.id, dbov, nowMs);
          }
          const expected = places === 0 ? present.size : Math.min(places, present.size);
          assert.ok(scene.forwarded.size <= expected);
          for (const id of ids) {
            assert.equal(selector.isForwarded(id), scene.forwarded.has(id));
          }
          assert.ok(scene.changes.length - changesBefore <= 2);
          assert.ok(selector.dominant === null || present.has(selector.dominant));
        }
      }),
    );
  });

  it('a speaker is never replaced by someone silent, nor within a second of getting the slot', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3 }), history, (places, events) => {
        const scene = new Scene(places, ids);
        const since = new Map(ids.map((id) => [id, scene.nowMs]));
        for (const { step, waitMs, dbov } of events) {
          if (step.type !== 'hear') {
            continue;
          }
          scene.nowMs += waitMs % 60;
          const spoke = new Set(ids.filter((id) => scene.selector.isSpeaking(id, scene.nowMs)));
          const from = scene.changes.length;
          scene.selector.hear(step.id, dbov, scene.nowMs);
          for (const { id, forwarded, atMs } of scene.changes.slice(from)) {
            if (forwarded) {
              since.set(id, atMs);
            } else if (spoke.has(id)) {
              assert.ok(scene.selector.isSpeaking(step.id, scene.nowMs));
              assert.ok(atMs - (since.get(id) ?? 0) >= 1000);
            }
          }
        }
      }),
    );
  });

  it('whoever speaks while there are fewer speakers than slots is forwarded at once', () => {
    const talk = fc.record({ id: fc.constantFrom(...ids), durationMs: fc.integer({ min: 300, max: 3000 }) });
    fc.assert(
      fc.property(fc.array(talk, { maxLength: 20 }), (talks) => {
        const scene = new Scene(2, ids);
        for (const { id, durationMs } of talks) {
          scene.run(600, () => ({}));
          scene.run(PACKET_MS, () => ({ [id]: -25 }));
          assert.ok(scene.forwarded.has(id));
          scene.run(durationMs, (elapsed) => ({ [id]: speech(-25, elapsed) }));
          assert.ok(scene.forwarded.has(id));
        }
      }),
    );
  });
});
