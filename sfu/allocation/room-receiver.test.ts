import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ReceiverDecision, TileDecision } from '../allocator/index.ts';
import type { Peer } from '../peers/index.ts';
import { RoomReceiver } from './room-receiver.ts';

const NOTHING = async (): Promise<void> => {};
const CONSUMER = {
  ...{ kind: 'video', producerId: 'camera', declined: false, held: false },
  ...{ setServerLayers: NOTHING, setPriority: NOTHING, setHeld: NOTHING },
};
const PEER = { peerId: 'ann', layout: undefined, receiving: undefined, consumers: [CONSUMER] };

function decision(layers: ReceiverDecision['tiles'][number]['layers']): ReceiverDecision {
  const tile = {
    producerId: 'camera',
    layers,
    bitrateBps: 0,
    priority: 1,
    class: 'other',
    reason: 'full',
    awaits: [],
  } as const;
  return { roomId: 'green', peerId: 'ann', tiles: [tile], maxOutgoingBps: 0, videoBps: 0 };
}

test('a receiver on this host has the budget that it asks for, others at most the default', () => {
  const layout = { tiles: [], maxBitrateBps: 8_000_000 };
  const budgetOf = (isLocal: boolean) => {
    const receiving = { isLocal, takeEstimate: () => null };
    return new RoomReceiver('green', { ...PEER, layout, receiving } as unknown as Peer, 3).state(2_000_000)
      .budgetBps;
  };
  assert.equal(budgetOf(true), 8_000_000);
  assert.equal(budgetOf(false), 2_000_000);
});

test('a video that was never allocated need not settle, one that was withdrawn must', () => {
  const receiver = new RoomReceiver('green', PEER as unknown as Peer, 3);
  const changedAtMs = () => receiver.state(2_000_000).tiles[0]?.decidedAtMs;
  assert.equal(changedAtMs(), null);
  receiver.apply(decision(null), 1000);
  assert.equal(changedAtMs(), null);
  receiver.apply(decision({ spatialLayer: 0, temporalLayer: 0 }), 2000);
  assert.equal(changedAtMs(), 2000);
  receiver.apply(decision({ spatialLayer: 0, temporalLayer: 0 }), 2500);
  assert.equal(changedAtMs(), 2000);
  receiver.apply(decision(null), 3000);
  assert.equal(changedAtMs(), 3000);
});

test('a decision is repeated only if bitrates, voices and the estimate are about as they were', () => {
  const receiving = { isLocal: false, isLimited: false, takeEstimate: () => null, setMaxOutgoing: () => {} };
  const voice = {
    ...CONSUMER,
    kind: 'audio',
    producerId: 'voice',
    mediasoupConsumer: { producerPaused: false },
  };
  const peer = { ...PEER, receiving, consumers: [CONSUMER, voice] };
  const receiver = new RoomReceiver('green', peer as unknown as Peer, 3);
  const layers = { spatialLayer: 0, temporalLayer: 0 };
  const isSettled = (bps: number) => receiver.isSettled(() => bps);
  const decide = (reason: TileDecision['reason'] = 'full') => {
    receiver.state(2_000_000);
    const [tile] = decision(layers).tiles;
    assert.ok(tile);
    const tiles = [{ ...tile, bitrateBps: 100_000, reason }];
    receiver.apply({ ...decision(layers), tiles, videoBps: 100_000 }, 0);
  };
  assert.equal(isSettled(100_000), false, 'there is no decision yet');
  decide();
  assert.equal(isSettled(100_000), true);
  assert.equal(isSettled(102_000), true);
  assert.equal(isSettled(104_000), false);
  assert.equal(isSettled(91_000), true);
  assert.equal(isSettled(89_000), false);
  receiving.isLimited = true;
  assert.equal(isSettled(100_000), false, 'the network is a limit');
  receiving.isLimited = false;
  voice.held = true;
  assert.equal(isSettled(100_000), false, 'fewer voices are heard');
  voice.held = false;
  decide('steady');
  assert.equal(isSettled(100_000), false, 'an improvement waits');
});
