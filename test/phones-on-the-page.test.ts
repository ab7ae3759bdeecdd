import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  type BridgeEvents,
  BridgeSession,
  CanopyError,
  GatewayLink,
  type Identity,
} from '../client/sdk/index.ts';
import { BridgeSocket, opusStream } from './support/bridge-socket.ts';
import { TestBrowser } from './support/browser.ts';
import { newGatewayIdentity } from './support/gateway-identity.ts';
import { untilBaseline } from './support/gauges.ts';
import { Person } from './support/person.ts';
import { TestServer } from './support/server.ts';
import { eventually } from './support/wait.ts';

const ROOM = 'team';

describe('phones on the page', () => {
  let server: TestServer;
  let browser: TestBrowser;
  let identity: Identity;
  let ann: Person;
  let bridge: BridgeSession;
  let socket: BridgeSocket;

  before(async () => {
    server = await TestServer.start();
    browser = await TestBrowser.launch();
    identity = await newGatewayIdentity(server);
    // Calls are offered only where a gateway has been connected; the tests need it later.
    (await GatewayLink.connect({ url: server.url, identity })).close();
    ann = await Person.invited(browser, server, 'Ann', ROOM);
    bridge = await BridgeSession.join({ url: server.url, identity, roomId: ROOM });
    socket = await BridgeSocket.open();
    await bridge.open(socket.endpoint);
  });

  after(async () => {
    await ann.click('leave');
    await bridge.leave();
    socket.close();
    await browser.close();
    await untilBaseline(server);
    await server.close();
  });

  const tile = (participantId = '') =>
    ann.page.locator(`[data-testid="tile"][data-participant-id="${participantId}"]`);
  const act = (participantId: string | undefined, item: string) =>
    tile(participantId)
      .getByTestId('tile-menu')
      .click()
      .then(() => tile(participantId).getByTestId(item).click());
  const acted = () =>
    new Promise<BridgeEvents['action']>((resolve) => {
      bridge.once('action', (...args) => resolve(args));
    });

  it('appear among the people with their call state, and can be muted and hung up', async () => {
    const phone = await bridge.addParticipant({ displayName: '<b>+49 30 1</b>', callState: 'ringing' });
    await tile(phone.participantId).getByText('ringing…').waitFor();
    await tile(phone.participantId).getByText('<b>+49 30 1</b>').waitFor();
    await phone.update({ callState: 'answered' });
    await phone.produce(opusStream(4711));
    await eventually('the call is answered', async () => {
      const element = tile(phone.participantId);
      return (
        (await element.getAttribute('data-call-state')) === 'answered' &&
        (await element.getByText('ringing…').count()) === 0
      );
    });

    for (const [action, muted] of [
      ['mute', true],
      ['unmute', false],
    ] as const) {
      const heard = acted();
      await act(phone.participantId, 'tile-mute');
      assert.deepEqual((await heard).slice(0, 2), [phone, action]);
      await eventually(
        action,
        () => tile(phone.participantId).getAttribute('data-muted'),
        (shown) => shown === String(muted),
      );
    }

    await ann.click('panel-people');
    const row = ann.page.locator(`[data-testid="person"][data-participant-id="${phone.participantId}"]`);
    await row.getByText('Phone', { exact: true }).waitFor();
    for (const [callEncrypted, text] of [
      [false, 'Call not encrypted'],
      [true, 'Call encrypted'],
    ] as const) {
      await phone.update({ callEncrypted });
      await row.getByText(text, { exact: true }).waitFor();
    }
    await ann.click('panel-close');

    const heard = acted();
    await act(phone.participantId, 'tile-kick');
    await tile(phone.participantId).getByText('Click again to confirm').click();
    assert.deepEqual((await heard).slice(0, 2), [phone, 'kick']);
    await tile(phone.participantId).waitFor({ state: 'detached' });
  });

  it('are called from the page, which shows the answer of the server or the remote side', async () => {
    const dial = async (target: string) => {
      await ann.page.getByTestId('dial-target').fill(target);
      await ann.page.getByTestId('dial').click();
    };
    await ann.page.getByTestId('call-phone').click();
    await dial('0900 123');
    await ann.page.locator('[data-testid="problem"][data-code="CALL_REFUSED"]').waitFor();
    await server.api('PUT', '/api/sip/phones/1001', {});
    await dial('1001');
    await ann.page.locator('[data-testid="problem"][data-code="GATEWAY_MISSING"]').waitFor();
    const gateway = await GatewayLink.connect({ url: server.url, identity });
    const asked = new Promise<{ callId: string; roomId: string; target: string }>((resolve) => {
      gateway.once('dial', resolve);
    });
    await dial('10 01');
    const { callId, roomId, target } = await asked;
    assert.deepEqual([roomId, target], [ROOM, '1001']);
    await ann.page.getByTestId('dial-target').waitFor({ state: 'detached' });
    await gateway.dialFailed(callId, new CanopyError('CALL_FAILED', '486 Busy Here'));
    await ann.page.getByTestId('notice').getByText('The call failed').waitFor();
    gateway.close();
  });

  it('are moderated like people, who can be muted, removed and readmitted too', async () => {
    const bob = new Person(await browser.page(), 'Bob');
    await bob.enterByInvitation(await server.invite({ role: 'guest', roomId: ROOM }), ROOM);
    await bob.page.getByTestId('tile-menu').first().click();
    assert.deepEqual(await bob.page.getByRole('menuitem').allTextContents(), ['Volume and connection…']);
    await bob.page.keyboard.press('Escape');
    assert.equal(await bob.page.getByTestId('call-phone').count(), 0);
    const [other] = [...bridge.participants.values()].filter(({ displayName }) => displayName === 'Bob');
    const participantId = other?.participantId ?? '';
    await eventually(
      'Bob is heard',
      () => tile(participantId).getAttribute('data-muted'),
      (muted) => muted === 'false',
    );
    await act(participantId, 'tile-mute');
    await bob.page.getByTestId('notice').getByText('Ann muted you.').waitFor();
    assert.equal(await bob.page.getByTestId('microphone').getAttribute('data-on'), 'false');
    await bob.page.getByTestId('microphone').click();
    await eventually(
      'Bob has unmuted himself',
      () => tile(participantId).getAttribute('data-muted'),
      (muted) => muted === 'false',
    );
    await act(participantId, 'tile-kick');
    await tile(participantId).getByText('Click again to confirm').click();
    await bob.page.locator('[data-testid="problem"][data-code="KICKED"]').waitFor();
    await tile(participantId).waitFor({ state: 'detached' });
    await bob.page.getByTestId('join').click();
    await bob.page.locator('[data-testid="problem"][data-code="KICKED"]').waitFor();
    await ann.click('panel-people');
    await ann.click('people-readmit');
    await ann.page.getByTestId('removed-and-banned').waitFor({ state: 'detached' });
    await ann.click('panel-close');
    await bob.enter(ROOM);
    assert.deepEqual(browser.problems, []);
  });
});
