import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import {
  type BridgeEvents,
  BridgeSession,
  CanopyError,
  GatewayLink,
  type Identity,
} from '../client/sdk/index.ts';
import type { CallRecord, EventData } from '../contract/index.ts';
import { violations } from './support/accessibility.ts';
import { BridgeSocket, opusStream } from './support/bridge-socket.ts';
import { TestBrowser } from './support/browser.ts';
import { newGatewayIdentity } from './support/gateway-identity.ts';
import { untilBaseline } from './support/gauges.ts';
import { Person } from './support/person.ts';
import { TestServer } from './support/server.ts';
import { eventually } from './support/wait.ts';

const ROOM = 'team';
/** The end of a phone's call. */
const ENDED: Omit<CallRecord, 'callId' | 'startedAtMs'> = {
  direction: 'incoming',
  remote: 'sip:+4930123@pbx.example',
  dialled: '2001',
  trunk: null,
  roomId: null,
  codec: null,
  encryption: 'none',
  answeredAtMs: null,
  endedAtMs: null,
  endCause: 'remote',
  sipStatus: null,
  mos: null,
  quality: null,
};

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
    const attributes = { verstat: 'TN-Validation-Passed-A' };
    const verified = await bridge.addParticipant({ displayName: '+49 30 2', attributes });
    await ann.page
      .locator(`[data-testid="person"][data-participant-id="${verified.participantId}"]`)
      .getByText('Number verified by its operator', { exact: true })
      .waitFor();
    await verified.remove();
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
    const asked = new Promise<EventData<'gateway.dial'>>((resolve) => {
      gateway.once('dial', resolve);
    });
    assert.equal(await ann.page.getByTestId('withhold-number').isChecked(), false);
    assert.deepEqual(await violations(ann.page), []);
    await dial('10 01');
    const { callId, roomId, target, withheld } = await asked;
    assert.deepEqual([roomId, target, withheld], [ROOM, '1001', undefined]);
    await ann.page.getByTestId('dial-target').waitFor({ state: 'detached' });
    await gateway.dialFailed(callId, new CanopyError('CALL_FAILED', '486 Busy Here'));
    await ann.page.getByTestId('notice').getByText('The call failed').waitFor();
    gateway.close();
  });

  it('do not learn who calls if the user withholds that, which is remembered for the account', async () => {
    const page = await browser.page(await server.invite({ role: 'member' }));
    await page.getByTestId('name').fill('Vera');
    await page.getByTestId('enrol').click();
    const gateway = await GatewayLink.connect({ url: server.url, identity });
    await server.api('PUT', '/api/sip/phones/1001', {});
    const rung = async (act: () => Promise<unknown>) => {
      const ring = new Promise<EventData<'gateway.ring'>>((resolve) => gateway.once('ring', resolve));
      await act();
      const { callId, withheld, caller } = await ring;
      await gateway.dialFailed(callId, new CanopyError('CALL_FAILED'), 486);
      await page.getByTestId('outgoing-call').getByText('is busy').waitFor();
      await page.getByTestId('close-call').click();
      return [withheld, caller.displayName];
    };
    await page.getByTestId('call-somebody').click();
    await page.getByTestId('call-address').fill('1001');
    await page.getByTestId('withhold-number').check();
    assert.deepEqual(await violations(page), []);
    assert.deepEqual(await rung(() => page.getByTestId('call-audio').click()), [true, 'Vera']);
    await page.reload();
    assert.deepEqual(await rung(() => page.getByTestId('call-row').first().getByTestId('redial').click()), [
      true,
      'Vera',
    ]);
    await page.getByTestId('call-somebody').click();
    assert.equal(await page.getByTestId('withhold-number').isChecked(), true);
    await page.getByTestId('withhold-number').uncheck();
    await page.getByTestId('call-address').fill('1001');
    assert.deepEqual(await rung(() => page.getByTestId('call-audio').click()), [undefined, 'Vera']);
    gateway.close();
    await page.context().close();
  });

  it('of people ring with the page, are added in the call settings, and are in the list of calls', async () => {
    const page = await browser.page(await server.invite({ role: 'member' }));
    await page.getByTestId('name').fill('Dora');
    await page.getByTestId('enrol').click();
    await page.getByTestId('list-calls').getByTestId('empty').waitFor();
    const gateway = await GatewayLink.connect({ url: server.url, identity });
    await page.getByTestId('call-settings').click();
    await page.getByTestId('add-phone').click();
    await page.getByTestId('phone-name').fill('Desk phone');
    await page.getByTestId('confirm-add-phone').click();
    const username = await page.getByTestId('phone-username').inputValue();
    assert.match(await page.getByTestId('phone-password').inputValue(), /^\w{20}$/);
    assert.deepEqual(await violations(page), []);
    await page.getByTestId('phone-added-close').click();
    const row = page.getByTestId('own-phone').filter({ hasText: 'Desk phone' });
    await row.getByText(username).waitFor();
    assert.deepEqual(await violations(page), []);
    const { phones } = await server.api<{ phones: Array<{ username: string; accountId?: string }> }>(
      'GET',
      '/api/sip/phones',
    );
    const accountId = phones.find((phone) => phone.username === username)?.accountId ?? '';
    await server.api('PUT', '/api/sip/numbers/2001', { accountId });
    await page.getByTestId('forward-busy').fill('nobody at all');
    await page.getByTestId('save-forwarding').click();
    await page.getByTestId('forwarding').getByText('This is neither a call link nor').waitFor();
    await page.getByTestId('forward-busy').fill('');
    await page.getByTestId('forward-unanswered').fill('1001');
    await page.getByTestId('forward-seconds').selectOption('15');
    await page.getByTestId('save-forwarding').click();
    await page.getByTestId('forwarding').getByText('To 1001').waitFor();
    await page.getByTestId('forward-unanswered').fill('');
    await page.getByTestId('save-forwarding').click();
    await page.getByTestId('save-forwarding').getByText('Saved').waitFor();
    assert.deepEqual(await violations(page), []);
    await page.keyboard.press('Escape');

    const callId = randomUUID();
    const caller = { number: '+4930123', displayName: 'Reception' };
    await gateway.call({ callId, dialled: '2001', caller: { ...caller, trunk: 'office' } });
    const incoming = page.getByTestId('incoming-call');
    await incoming.getByText('From the phone +4930123').waitFor();
    assert.deepEqual(await violations(page), []);
    const rung = new Promise<EventData<'gateway.ring'>>((resolve) => {
      gateway.once('ring', resolve);
    });
    const second = randomUUID();
    await page.getByTestId('decline').click();
    await gateway.call({ callId: second, dialled: '2001', caller: { ...caller, trunk: 'office' } });
    const { target, callId: legId } = await rung;
    assert.equal(target, username);
    const roomId = await gateway.answered(legId);
    await page.getByTestId('notice').getByText('You answered on your phone.').waitFor();
    const [began, over] = [Date.now() - 60_000, Date.now()];
    const record = { ...ENDED, startedAtMs: began, answeredAtMs: began, endedAtMs: over };
    await gateway.record({ ...record, callId: second, roomId, codec: 'PCMA', mos: 4.1 });
    await gateway.record({ ...record, callId: legId, roomId, codec: 'opus', mos: 4.3 });
    const [latest, declined] = [0, 1].map((index) => page.getByTestId('call-row').nth(index));
    await latest?.getByText('On your phone (opus), good sound').waitFor();
    await declined?.getByText('Declined').waitFor();
    await server.api('PUT', '/api/sip/trunks/office', { uri: 'sip:127.0.0.1:9' });
    await server.api('PUT', '/api/sip/dial-plan', {
      rules: [{ direction: 'outgoing', pattern: '+*', action: { type: 'trunk', trunk: 'office' } }],
    });
    const dialled = new Promise<EventData<'gateway.ring'>>((resolve) => {
      gateway.on('ring', (ring) => ring.target === caller.number && resolve(ring));
    });
    await declined?.getByTestId('redial').click();
    await gateway.ringing((await dialled).callId);
    await page.locator('[data-testid="outgoing-call"][data-state="ringing"]').waitFor();
    await gateway.dialFailed((await dialled).callId, new CanopyError('CALL_FAILED'), 486);
    await page.getByTestId('outgoing-call').getByText('is busy').waitFor();
    await page.getByTestId('close-call').click();
    gateway.close();
    await page.context().close();
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
