import assert from 'node:assert/strict';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { InProcessServer } from '../../test/support/in-process-server.ts';
import { newIdentity } from '../../test/support/protocol-client.ts';
import { BridgeSession } from './bridge/index.ts';
import { connect } from './client.ts';
import type { Identity } from './identity/index.ts';

describe('two servers of one deployment', () => {
  let first: InProcessServer;
  let second: InProcessServer;
  let identity: Identity;
  let dir: string;

  before(async () => {
    first = await InProcessServer.start();
    identity = await newIdentity(first, { role: 'bridge' });
    dir = await mkdtemp(join(tmpdir(), 'canopy-several-'));
    // With the same CA and accounts.
    await cp(first.dataDir, dir, { recursive: true });
    second = await InProcessServer.start({ 'data.dir': dir });
  });
  after(async () => {
    await first.close();
    await second.close();
    await rm(dir, { recursive: true });
  });

  it('are both used by a session that survives the death of its server', async () => {
    const session = await BridgeSession.join({ url: [first.url, second.url], identity, roomId: 'lobby' });
    const phone = await session.addParticipant({ displayName: 'Phone' });
    const before = phone.participantId;
    const back = new Promise<void>((resolve) => {
      session.on('state', (state) => state === 'connected' && resolve());
    });
    await first.close();
    await back;
    await phone.update({ callState: 'held' });
    assert.notEqual(phone.participantId, before);
    assert.equal(second.sfu.gauges().routers, 1);
    await session.leave();
  });

  it('admit a client while the first is dead', async () => {
    await first.close();
    const client = await connect({ url: [first.url, second.url], identity });
    assert.equal(client.account.role, 'bridge');
    await client.close();
  });

  it('are unreachable if both are dead', async () => {
    await assert.rejects(connect({ url: [first.url, 'http://127.0.0.1:1'], identity }), {
      code: 'CONNECTION_LOST',
    });
  });
});
