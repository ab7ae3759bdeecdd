import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ReceiverDecision } from '../allocator/index.ts';
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
