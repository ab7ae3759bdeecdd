import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { Webhook as Verifier } from 'standardwebhooks';
import { InProcessServer } from '../../../test/support/in-process-server.ts';
import { newIdentity, ProtocolClient } from '../../../test/support/protocol-client.ts';
import { eventually } from '../../../test/support/wait.ts';
import { webhookEventType } from './events.ts';
import type { DeliveryInfo, WebhookInfo } from './rest.ts';

interface Received {
  id: string;
  type: string;
  version: number;
  timestamp: string;
  sequence: number;
  data: Record<string, unknown>;
}

/** A server that gets webhooks, and verifies them with the library of Standard Webhooks. */
class Receiver {
  readonly messages: Received[] = [];
  /** The latest request, as it came. */
  latest: { headers: Record<string, string>; body: string } | undefined;
  secret = '';
  status = 204;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<Receiver> {
    const server = createServer();
    const receiver = new Receiver(server);
    server.on('request', async (request, response) => {
      const body = await text(request);
      const headers = request.headers as Record<string, string>;
      const message = new Verifier(receiver.secret).verify(body, headers) as Received;
      assert.equal(message.id, headers['webhook-id']);
      receiver.latest = { headers, body };
      if (receiver.status < 300) {
        receiver.messages.push(message);
      }
      response.writeHead(receiver.status).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hook`;
  }

  async got(type: string, matches: (message: Received) => boolean = () => true): Promise<Received> {
    const find = async () => this.messages.find((each) => each.type === type && matches(each));
    return (await eventually(`${type} is received`, find, Boolean)) as Received;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

describe('webhooks', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'canopy-webhooks-'));
  const flags = { 'data.dir': dataDir, 'outbound.allowRanges': '127.0.0.1', 'outbound.allowHttp': 'true' };
  let server: InProcessServer;
  let receiver: Receiver;
  let webhookId = '';

  before(async () => {
    [server, receiver] = await Promise.all([InProcessServer.start(flags), Receiver.start()]);
    const events = webhookEventType.options.filter((type) => type !== 'chat.message');
    const made = await server.api('POST', '/api/webhooks', { name: 'all', url: receiver.url, events });
    assert.equal(made.status, 200, JSON.stringify(made.body));
    const { secret, ...info } = made.body as WebhookInfo & { secret: string };
    assert.match(secret, /^whsec_[A-Za-z0-9+/]{43}=$/);
    ({ webhookId } = info);
    receiver.secret = secret;
  });
  after(async () => {
    receiver.close();
    await server.close();
    rmSync(dataDir, { recursive: true });
  });

  it('report rooms and people, signed, in order; chat only to those who ask for it', async () => {
    const identity = await newIdentity(server, { displayName: 'Wanda' });
    const created = await receiver.got('account.created', ({ data }) => data.displayName === 'Wanda');
    const { accountId } = created.data;
    await receiver.got('invitation.used', ({ data }) => data.accountId === accountId);

    const wanda = await ProtocolClient.enter(server.url, identity);
    const { participantId } = await wanda.get('room.join', { roomId: 'reported' });
    await wanda.get('chat.send', { id: 'message-1', text: 'Hello' });
    await wanda.get('room.leave', {});
    wanda.close();
    const inRoom = ({ data }: Received) => data.roomId === 'reported';
    const ended = await receiver.got('room.ended', inRoom);
    const about = receiver.messages.filter(inRoom);
    assert.deepEqual(
      about.map(({ type }) => type),
      ['room.started', 'participant.joined', 'participant.left', 'room.ended'],
    );
    const [, joined, left] = about;
    const person = { roomId: 'reported', participantId, kind: 'user', displayName: 'Wanda', accountId };
    assert.deepEqual(joined?.data, person);
    assert.deepEqual({ ...left?.data, seconds: 0 }, { ...person, reason: 'left', seconds: 0 });
    assert.ok(Date.now() - Date.parse(ended.timestamp) < 60_000);
    const sequences = receiver.messages.map(({ sequence }) => sequence);
    assert.deepEqual(
      sequences,
      sequences.map((_, index) => index + 1),
    );
  });

  it('are verified by the code in the documentation, which refuses changed and old ones', async () => {
    const page = readFileSync(new URL('../../../docs/automation.md', import.meta.url), 'utf8');
    const code = /```js\n(.*?)```/s.exec(page)?.[1] ?? '';
    const { isFromCanopy } = (await import(`data:text/javascript,${encodeURIComponent(code)}`)) as {
      isFromCanopy(secret: string, headers: Record<string, string>, body: string): boolean;
    };
    assert.ok(receiver.latest);
    const { headers, body } = receiver.latest;
    assert.equal(isFromCanopy(receiver.secret, headers, body), true);
    assert.equal(isFromCanopy(receiver.secret, headers, `${body} `), false);
    assert.equal(isFromCanopy(`whsec_${'A'.repeat(43)}=`, headers, body), false);
    assert.equal(isFromCanopy(receiver.secret, { ...headers, 'webhook-id': 'msg_other' }, body), false);
    const old = { ...headers, 'webhook-timestamp': `${Number(headers['webhook-timestamp']) - 301}` };
    assert.equal(isFromCanopy(receiver.secret, old, body), false);
  });

  it('report messages of the chat, waiting people, and revoked accounts', async () => {
    const changed = await server.api('PATCH', `/api/webhooks/${webhookId}`, {
      events: ['chat.message', 'lobby.waiting', 'account.revoked'],
    });
    assert.equal(changed.status, 200);
    const identity = await newIdentity(server, { displayName: 'Otto' });
    const otto = await ProtocolClient.enter(server.url, identity);
    await otto.get('room.join', { roomId: 'talk' });
    await otto.get('chat.send', { id: 'message-2', text: 'Good morning' });
    const { data } = await receiver.got('chat.message');
    assert.deepEqual([data.roomId, data.displayName, data.text], ['talk', 'Otto', 'Good morning']);

    await server.api('PATCH', '/api/rooms/talk/settings', { lobby: 'everyone' });
    const eve = await ProtocolClient.enter(server.url, await newIdentity(server, { displayName: 'Eve' }));
    await eve.get('lobby.knock', { roomId: 'talk' });
    const waiting = await receiver.got('lobby.waiting');
    assert.deepEqual([waiting.data.roomId, waiting.data.displayName], ['talk', 'Eve']);
    eve.close();

    await server.api('POST', `/api/accounts/${data.accountId}/revoke`);
    const revoked = await receiver.got('account.revoked');
    assert.equal(revoked.data.accountId, data.accountId);
    otto.close();
  });

  it('are tried again after a failure and a restart; the log of deliveries shows it', async () => {
    receiver.status = 500;
    const { body } = await server.api('GET', '/api/accounts?limit=1');
    const [account] = (body as { accounts: Array<{ accountId: string }> }).accounts;
    await server.api('POST', `/api/accounts/${account?.accountId}/revoke`);
    const latest = async () => {
      const listed = await server.api('GET', `/api/webhooks/${webhookId}/deliveries?limit=1`);
      return (listed.body as { deliveries: DeliveryInfo[] }).deliveries[0];
    };
    const failed = await eventually('it is tried', latest, (each) => each?.lastStatus === 500);
    assert.deepEqual([failed?.type, failed?.status, failed?.attempts], ['account.revoked', 'waiting', 1]);
    const listed = await server.api('GET', '/api/webhooks');
    const [webhook] = (listed.body as { webhooks: WebhookInfo[] }).webhooks;
    assert.equal(webhook?.waiting, 1);
    assert.ok((webhook?.failingSinceMs ?? 0) > 0);

    await server.close();
    receiver.status = 204;
    server = await InProcessServer.start(flags);
    // It is tried at once after a change; otherwise when it is due.
    await server.api('PATCH', `/api/webhooks/${webhookId}`, { name: 'some' });
    await receiver.got('account.revoked', ({ id }) => id === failed?.messageId);
    const delivered = await eventually('it is recorded', latest, (each) => each?.status === 'delivered');
    assert.deepEqual([delivered?.attempts, delivered?.lastStatus], [2, 204]);
  });

  it('a test event is sent at once, and its outcome returned', async () => {
    const ping = async () => (await server.api('POST', `/api/webhooks/${webhookId}/ping`)).body;
    const { delivered, status } = (await ping()) as { delivered: boolean; status: number };
    assert.deepEqual([delivered, status], [true, 204]);
    assert.equal((await receiver.got('webhook.ping')).sequence, null);
    receiver.status = 404;
    const refused = (await ping()) as { delivered: boolean; error: string };
    assert.deepEqual([refused.delivered, refused.error], [false, 'the target refused it']);
    receiver.status = 204;
  });

  it('threat 28: a target that is not permitted is refused when the webhook is created or changed', async () => {
    const url = 'https://169.254.169.254/latest/meta-data';
    for (const [method, path, body] of [
      ['POST', '/api/webhooks', { name: 'bad', url, events: ['room.started'] }],
      ['PATCH', `/api/webhooks/${webhookId}`, { url }],
    ] as const) {
      const refused = await server.api(method, path, body);
      const { error } = refused.body as { error: { code: string; detail: string } };
      assert.deepEqual([refused.status, error.code], [400, 'TARGET_REFUSED']);
      assert.match(error.detail, /^169\.254\.169\.254 is not a public address/);
    }
  });

  it('names are unique, and a deleted one gets nothing', async () => {
    const twin = { name: 'some', url: receiver.url, events: ['room.started'] };
    const refused = await server.api('POST', '/api/webhooks', twin);
    assert.equal((refused.body as { error: { code: string } }).error.code, 'WEBHOOK_EXISTS');
    assert.equal((await server.api('DELETE', `/api/webhooks/${webhookId}`)).status, 200);
    assert.equal((await server.api('POST', `/api/webhooks/${webhookId}/ping`)).status, 404);
    assert.equal((await server.api('POST', '/api/webhooks', twin)).status, 200);
  });
});
