import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type LayerNeeds, SenderLayers } from './sender-layers.ts';

const NONE = [false, false, false];

/** The layers with these numbers, written as `02`. */
const layers = (numbers: string): boolean[] => NONE.map((_, layer) => numbers.includes(`${layer}`));

/** A simulated sender. Every requested layer arrives at once, except those it cannot send. */
class Sender {
  readonly senderLayers: SenderLayers;
  nowMs = 0;
  /** The layers it cannot send. */
  lacks = '';
  sends = true;

  constructor() {
    this.senderLayers = new SenderLayers(3, 0);
  }

  get told(): string {
    return this.senderLayers.requested.flatMap((told, layer) => (told ? [layer] : [])).join('');
  }

  /** Advances the clock while these layers are wanted. Without `forwarded`, all wanted layers that arrive are forwarded. */
  until(
    nowMs: number,
    { wanted = '', awaited = '', forwarded }: { [Key in keyof LayerNeeds]?: string },
  ): string {
    for (this.nowMs += 100; this.nowMs <= nowMs; this.nowMs += 100) {
      const flowing = this.senderLayers.requested.map(
        (told, layer) => told && this.sends && !this.lacks.includes(`${layer}`),
      );
      const needs = {
        ...{ wanted: layers(wanted), awaited: layers(awaited), flowing },
        forwarded:
          forwarded === undefined ? layers(wanted).map((yes, at) => yes && !!flowing[at]) : layers(forwarded),
      };
      this.senderLayers.update(needs, this.nowMs);
    }
    this.nowMs = nowMs;
    return this.told;
  }
}

describe('SenderLayers', () => {
  it('requests a wanted layer at once, and stops it 5 s after the last receiver', () => {
    const sender = new Sender();
    assert.equal(sender.until(3000, { wanted: '01' }), '012');
    assert.equal(sender.until(4900, { wanted: '0' }), '012');
    assert.equal(sender.until(5000, { wanted: '0' }), '01');
    assert.equal(sender.until(5100, { wanted: '02' }), '012');
    assert.equal(sender.until(10_200, { wanted: '02' }), '02');
  });

  it('does not stop the lowest layer of a sender that has not begun: it may be waiting for the keys of an encrypted room', () => {
    const sender = new Sender();
    sender.sends = false;
    assert.equal(sender.until(60_000, {}), '0');
    sender.sends = true;
    assert.equal(sender.until(64_900, {}), '0');
    assert.equal(sender.until(65_200, {}), '');
  });

  it('keeps a layer that is wanted now and then', () => {
    const sender = new Sender();
    for (let nowMs = 1000; nowMs < 60_000; nowMs += 1000) {
      assert.match(sender.until(nowMs, { wanted: nowMs % 4000 === 0 ? '02' : '0' }), /2/);
    }
  });

  it('never stops a layer that is being forwarded, whatever else is wanted', () => {
    const sender = new Sender();
    sender.lacks = '2';
    assert.match(sender.until(60_000, { wanted: '02', forwarded: '1' }), /1/);
  });

  it('stops the forwarded layer 5 s after its successor has replaced it', () => {
    const sender = new Sender();
    assert.equal(sender.until(10_000, { wanted: '02', forwarded: '1' }), '012');
    assert.equal(sender.until(14_900, { wanted: '02', forwarded: '2' }), '012');
    assert.equal(sender.until(15_100, { wanted: '02', forwarded: '2' }), '02');
  });

  it('considers a layer missing if it does not arrive within 6 s, and stops requesting it', () => {
    const sender = new Sender();
    sender.lacks = '2';
    sender.until(6000, { wanted: '01' });
    sender.until(12_000, { wanted: '02', forwarded: '1' });
    assert.deepEqual(sender.senderLayers.missing, []);
    assert.equal(sender.until(12_300, { wanted: '02', forwarded: '1' }), '01');
    assert.deepEqual(sender.senderLayers.missing, [2]);
  });

  it('considers a layer missing at once if it stops within 20 s of its start', () => {
    const sender = new Sender();
    sender.until(10_000, { wanted: '02' });
    sender.lacks = '2';
    sender.until(11_300, { wanted: '02' });
    assert.deepEqual(sender.senderLayers.missing, [2]);
    const steady = new Sender();
    steady.until(25_000, { wanted: '02' });
    steady.lacks = '2';
    steady.until(30_000, { wanted: '02' });
    assert.deepEqual(steady.senderLayers.missing, []);
  });

  it('never considers an unwanted layer missing', () => {
    const sender = new Sender();
    sender.lacks = '2';
    sender.until(60_000, { wanted: '01', forwarded: '2' });
    assert.deepEqual(sender.senderLayers.missing, []);
  });

  it('considers nothing missing if nothing at all arrives: the sender is paused or offline', () => {
    const sender = new Sender();
    sender.sends = false;
    assert.equal(sender.until(60_000, { wanted: '02' }), '02');
    assert.deepEqual(sender.senderLayers.missing, []);
  });

  it('requests a missing layer again after 10 s, 20 s and so on up to 80 s, as long as somebody would use it', () => {
    const sender = new Sender();
    sender.lacks = '2';
    sender.until(6200, { wanted: '02' });
    assert.deepEqual(sender.senderLayers.missing, [2]);
    const asked: number[] = [];
    let before = '';
    for (let nowMs = 6300; nowMs < 350_000; nowMs += 100) {
      const told = sender.until(nowMs, { wanted: '01', awaited: '2' });
      if (told.includes('2') && !before.includes('2')) {
        asked.push(nowMs);
      }
      before = told;
    }
    const pauses = asked.slice(1).map((atMs, place) => Math.floor((atMs - (asked[place] ?? 0)) / 1000));
    // Each interval includes the time waiting for the layer: 12 s, then 24 s.
    assert.deepEqual(pauses, [32, 64, 104, 104]);
    assert.equal(sender.until(500_000, { wanted: '01' }), '01');
  });

  it('no longer considers a layer missing when it arrives on request', () => {
    const sender = new Sender();
    sender.lacks = '2';
    sender.until(6200, { wanted: '02' });
    sender.lacks = '';
    assert.equal(sender.until(20_000, { wanted: '01', awaited: '2' }), '012');
    assert.deepEqual(sender.senderLayers.missing, []);
  });

  it('gives a sender that is slow to start a layer more time on each retry', () => {
    const sender = new Sender();
    sender.lacks = '2';
    sender.until(6200, { wanted: '02' });
    assert.deepEqual(sender.senderLayers.missing, [2]);
    // It was requested again at 16.2 s; its encoder takes 9 s.
    assert.equal(sender.until(25_000, { wanted: '01', awaited: '2' }), '012');
    sender.lacks = '';
    sender.until(25_200, { wanted: '01', awaited: '2' });
    assert.deepEqual(sender.senderLayers.missing, []);
  });

  it('requests the next lower layer instead of one that takes 2 s to start, or that stops', () => {
    const sender = new Sender();
    sender.until(10_000, { wanted: '0' });
    sender.lacks = '2';
    assert.equal(sender.until(11_900, { wanted: '02' }), '02');
    assert.equal(sender.until(12_300, { wanted: '02' }), '012');
    const other = new Sender();
    assert.equal(other.until(10_000, { wanted: '02' }), '02');
    other.lacks = '2';
    assert.equal(other.until(10_200, { wanted: '02' }), '012');
  });

  it('keeps fallback layers for longer after a failure, until the layer has arrived for 20 s', () => {
    const sender = new Sender();
    sender.lacks = '2';
    sender.until(6200, { wanted: '02' });
    sender.lacks = '';
    sender.until(20_000, { wanted: '01', awaited: '2' });
    assert.equal(sender.until(35_000, { wanted: '02' }), '012');
    assert.equal(sender.until(45_000, { wanted: '02' }), '02');
  });

  it('is settled once exactly the wanted layers have arrived for 20 s, until one is unwanted, stops or is missing', () => {
    const sender = new Sender();
    const { senderLayers } = sender;
    const isSettled = (flowing: string) => senderLayers.isSettled(layers(flowing));
    assert.equal(isSettled('012'), false);
    sender.until(5000, { wanted: '0' });
    assert.equal(sender.told, '0');
    assert.equal(isSettled('0'), false);
    sender.until(21_000, { wanted: '0' });
    assert.equal(isSettled('0'), true);
    assert.equal(isSettled('01'), false);
    assert.equal(isSettled(''), false);
    sender.until(21_100, { wanted: '02' });
    assert.equal(isSettled('02'), false);
    sender.lacks = '2';
    sender.until(60_000, { wanted: '02', awaited: '2' });
    assert.deepEqual(senderLayers.missing, [2]);
    assert.equal(isSettled('0'), false);
  });

  it('stops a layer 5 s after the settled state in which it was wanted', () => {
    const sender = new Sender();
    sender.until(30_000, { wanted: '02' });
    assert.equal(sender.senderLayers.isSettled(layers('02')), true);
    sender.senderLayers.extend(38_000);
    sender.nowMs = 38_000;
    assert.equal(sender.until(42_900, { wanted: '0' }), '02');
    assert.equal(sender.until(43_000, { wanted: '0' }), '0');
  });
});
