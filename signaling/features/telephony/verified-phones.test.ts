import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { GatewayLink, type Identity } from '../../../client/sdk/index.ts';
import { newGatewayIdentity } from '../../../test/support/gateway-identity.ts';
import { InProcessServer } from '../../../test/support/in-process-server.ts';
import { newIdentity, ProtocolClient } from '../../../test/support/protocol-client.ts';

describe('phones that prove whose device they are', () => {
  let server: InProcessServer;
  let gateway: Identity;
  let link: GatewayLink;
  let bridge: ProtocolClient;
  let ann: ProtocolClient;
  /** Ann's certificates. */
  let deviceChain: string[];

  before(async () => {
    server = await InProcessServer.start();
    gateway = await newGatewayIdentity(server);
    link = await GatewayLink.connect({ url: server.url, identity: gateway });
    const member = await newIdentity(server, { role: 'member' });
    ann = await ProtocolClient.enter(server.url, member);
    deviceChain = (await ann.proof(member)).chain;
    bridge = await ProtocolClient.enter(server.url, gateway);
    for (const client of [ann, bridge]) {
      await client.get('room.join', { roomId: 'team' });
    }
  });
  after(async () => {
    ann.close();
    bridge.close();
    link.close();
    await server.close();
  });

  const shown = async (chain: string[] | null | undefined, displayName = 'Office') => {
    const phone = { displayName, kind: 'phone', ...(chain !== undefined && { deviceChain: chain }) } as const;
    const { participantId } = await bridge.get('participant.add', phone);
    const { participant } = await ann.event(
      'participant.joined',
      (joined) => joined.participant.participantId === participantId,
    );
    return participant;
  };

  it('are shown as verified, with the name in their certificate', async () => {
    const other = await shown(deviceChain);
    assert.deepEqual([other.deviceVerified, other.certifiedName, other.role], [true, 'Ann', 'guest']);
    const same = await shown(deviceChain, 'Ann');
    assert.deepEqual([same.deviceVerified, same.certifiedName], [true, undefined]);
    const unknown = await shown(undefined);
    assert.deepEqual([unknown.deviceVerified, unknown.certifiedName], [undefined, undefined]);
  });

  it('threat 5: without a certificate, or with one that the server does not trust, they are not verified', async () => {
    const [leaf = '', account = ''] = deviceChain;
    const changed = `${leaf.slice(0, -8)}AAAAAA==`;
    for (const chain of [
      null,
      [leaf],
      [account],
      [account, leaf],
      [changed, account],
      ['AAAA'],
      [leaf, leaf],
    ]) {
      const { deviceVerified, certifiedName } = await shown(chain);
      assert.deepEqual([deviceVerified, certifiedName], [false, undefined], `${chain}`);
    }
  });

  it('threat 5: another phone in the seat of a verified one is not verified by that', async () => {
    const { participantId } = await shown(deviceChain);
    const updated = async (data: { displayName: string; deviceChain?: null }) => {
      await bridge.get('participant.update', { participantId, ...data });
      const { participant } = await ann.event(
        'participant.updated',
        (update) => update.participant.displayName === data.displayName,
      );
      return participant;
    };
    const renamed = await updated({ displayName: 'Hall' });
    assert.deepEqual([renamed.deviceVerified, renamed.certifiedName], [true, 'Ann']);
    const next = await updated({ displayName: 'Desk', deviceChain: null });
    assert.deepEqual([next.deviceVerified, next.certifiedName], [false, undefined]);
  });

  it('threat 5: bridges other than the gateway cannot name certificates', async () => {
    const other = await ProtocolClient.enter(server.url, await newIdentity(server, { role: 'bridge' }));
    await other.get('room.join', { roomId: 'team' });
    const phone = { displayName: 'Office', kind: 'phone', deviceChain } as const;
    assert.equal(await other.refusal('participant.add', phone), 'FORBIDDEN');
    other.close();
  });
});
