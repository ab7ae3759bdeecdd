import assert from 'node:assert/strict';
import { createDecipheriv, createECDH, type ECDH, hkdfSync, randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { jwtVerify } from 'jose';
import type { Identity } from '../../../client/sdk/index.ts';
import { InProcessServer } from '../../../test/support/in-process-server.ts';
import { newIdentity, ProtocolClient } from '../../../test/support/protocol-client.ts';
import { eventually } from '../../../test/support/wait.ts';

/** A push service (RFC 8030) for one browser, which it also plays: it decrypts what it got. */
class PushService {
  readonly got: Array<{ headers: Record<string, unknown>; notice: Record<string, unknown> }> = [];
  status = 201;
  readonly #http: Server;
  readonly #ecdh: ECDH;
  readonly #auth = randomBytes(16);

  private constructor(http: Server) {
    this.#http = http;
    this.#ecdh = createECDH('prime256v1');
    this.#ecdh.generateKeys();
    http.on('request', async (request, response) => {
      const body = Buffer.concat(await request.toArray());
      this.got.push({ headers: request.headers, notice: JSON.parse(this.#decrypt(body)) });
      response.statusCode = this.status;
      response.end();
    });
  }

  static async start(): Promise<PushService> {
    const http = createServer();
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    return new PushService(http);
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  /** What the browser gives to the page. */
  get subscription() {
    return {
      endpoint: `${this.origin}/send/${randomUUID()}`,
      keys: { p256dh: this.#ecdh.getPublicKey('base64url'), auth: this.#auth.toString('base64url') },
    };
  }

  /** RFC 8291 §3.4 and RFC 8188, for a message of one record. */
  #decrypt(body: Buffer): string {
    const [salt, senderKey, sealed] = [body.subarray(0, 16), body.subarray(21, 86), body.subarray(86)];
    const derive = (key: Uint8Array, salt: Uint8Array, info: Uint8Array | string, bytes: number) =>
      Buffer.from(hkdfSync('sha256', key, salt, info, bytes));
    const info = Buffer.concat([Buffer.from('WebPush: info\0'), this.#ecdh.getPublicKey(), senderKey]);
    const key = derive(this.#ecdh.computeSecret(senderKey), this.#auth, info, 32);
    const decipher = createDecipheriv(
      'aes-128-gcm',
      derive(key, salt, 'Content-Encoding: aes128gcm\0', 16),
      derive(key, salt, 'Content-Encoding: nonce\0', 12),
    );
    decipher.setAuthTag(sealed.subarray(-16));
    const padded = Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]);
    return padded.subarray(0, padded.lastIndexOf(2)).toString();
  }

  close(): void {
    this.#http.close();
    this.#http.closeAllConnections();
  }
}

describe('push messages', () => {
  let server: InProcessServer;
  let service: PushService;

  before(async () => {
    service = await PushService.start();
    server = await InProcessServer.start({
      'outbound.allowHttp': true,
      'outbound.allowRanges': '127.0.0.1',
      'limits.ringSeconds': 30,
    });
  });
  after(async () => {
    await server.close();
    service.close();
  });

  const entered = (identity: Identity) => ProtocolClient.enter(server.url, identity);
  const signedIn = async (identity: Identity) => {
    const client = await ProtocolClient.open(server.url);
    return { client, ...(await client.get('auth.prove', await client.proof(identity))) };
  };
  const person = (displayName: string) => newIdentity(server, { displayName, role: 'member' });
  /** Somebody who asked to be notified and closed the page. */
  const away = async (displayName: string) => {
    const identity = await person(displayName);
    const { client, accountId, deviceId } = await signedIn(identity);
    const { publicKey } = await client.get('push.key', {});
    await client.get('push.subscribe', service.subscription);
    await client.close();
    return { identity, accountId, deviceId, publicKey };
  };
  const call = async (caller: ProtocolClient, to: string) => {
    const callId = randomUUID();
    const clientId = randomUUID();
    await caller.get('call.watch', { clientId });
    const { call } = await caller.get('call.start', { callId, clientId, to, media: 'audio' });
    return { callId, clientId, call };
  };
  const notified = (kind: string, from: string) =>
    eventually(
      `${kind} from ${from}`,
      () => service.got.find(({ notice }) => notice.kind === kind && notice.from === from),
      (message) => message !== undefined,
    );

  it('a call reaches somebody with no page open, who then opens one and sees it ring', async () => {
    const bob = await away('Bob');
    const ann = await entered(await person('Ann'));
    const { callId, call: placed } = await call(ann, bob.accountId);
    assert.equal(placed.state, 'calling');
    const message = await notified('call', 'Ann');
    assert.deepEqual(message?.notice, { kind: 'call', from: 'Ann' });
    assert.deepEqual([message?.headers.urgency, message?.headers.ttl], ['high', '30']);

    const bobAgain = await entered(bob.identity);
    const { calls } = await bobAgain.get('call.watch', { clientId: randomUUID() });
    assert.deepEqual(
      calls.map((each) => [each.callId, each.direction]),
      [[callId, 'incoming']],
    );
    await Promise.all([ann.close(), bobAgain.close()]);
  });

  it('a call that nobody took is told as missed, in place of the one that rang', async () => {
    const carl = await away('Carl');
    const dora = await entered(await person('Dora'));
    const { callId, clientId } = await call(dora, carl.accountId);
    const rang = await notified('call', 'Dora');
    await dora.get('call.end', { callId, clientId });
    const missed = await notified('missed-call', 'Dora');
    assert.equal(missed?.headers.topic, rang?.headers.topic);
    await dora.close();
  });

  it('a message is signed for the push service with the key that the browser got (RFC 8292)', async () => {
    const { accountId, publicKey } = await away('Erna');
    const fred = await entered(await person('Fred'));
    await call(fred, accountId);
    const { authorization } = (await notified('call', 'Fred'))?.headers ?? {};
    const [, token = '', key = ''] = /^vapid t=([^,]+), ?k=(.+)$/.exec(String(authorization)) ?? [];
    assert.equal(key, publicKey);
    const point = Buffer.from(publicKey, 'base64url');
    const jwk = {
      ...{ kty: 'EC', crv: 'P-256' },
      x: point.subarray(1, 33).toString('base64url'),
      y: point.subarray(33).toString('base64url'),
    };
    const { payload } = await jwtVerify(token, jwk, { audience: service.origin });
    assert.match(String(payload.sub), /^(mailto|https):/);
    await fred.close();
  });

  it('a subscription that the push service has ended is forgotten, and the person is not connected', async () => {
    const gil = await away('Gil');
    const hans = await entered(await person('Hans'));
    service.status = 410;
    const first = await call(hans, gil.accountId);
    await notified('call', 'Hans');
    await hans.get('call.end', first);
    service.status = 201;
    await eventually(
      'the next call finds nobody',
      async () => (await call(hans, gil.accountId)).call.outcome,
      (outcome) => outcome === 'offline',
    );
    await hans.close();
  });

  it('somebody who was mentioned in a room where they were before is told, without the text', async () => {
    const ida = await person('Ida');
    const { client: idaThere, accountId } = await signedIn(ida);
    await idaThere.get('room.join', { roomId: 'team' });
    await idaThere.get('push.subscribe', service.subscription);
    const jan = await entered(await person('Jan'));
    await jan.get('room.join', { roomId: 'team' });
    await idaThere.close();
    await jan.get('chat.send', { id: randomUUID(), text: 'the secret plan', mentions: [accountId] });
    const { notice } = (await notified('mention', 'Jan')) ?? {};
    assert.deepEqual(notice, { kind: 'mention', from: 'Jan', roomId: 'team' });
    await jan.close();
  });

  it('nobody is notified after unsubscribing, or once their device was revoked', async () => {
    const kim = await away('Kim');
    const leo = await away('Leo');
    const back = await entered(kim.identity);
    await back.get('push.unsubscribe', {});
    await back.close();
    await server.api('POST', `/api/accounts/${leo.accountId}/devices/${leo.deviceId}/revoke`);
    const mia = await entered(await person('Mia'));
    for (const { accountId } of [kim, leo]) {
      assert.equal((await call(mia, accountId)).call.outcome, 'offline');
    }
    await mia.close();
  });

  it('threat 28: a device cannot make the server send anything into its own network', async () => {
    const strict = await InProcessServer.start();
    const eve = await ProtocolClient.enter(strict.url, await newIdentity(strict, { role: 'member' }));
    for (const endpoint of [
      'http://push.example/1',
      'https://127.0.0.1/1',
      'https://[::1]/1',
      'https://169.254.169.254/latest/meta-data',
      'https://user:secret@push.example/1',
    ]) {
      const refusal = await eve.refusal('push.subscribe', { ...service.subscription, endpoint });
      assert.equal(refusal, 'TARGET_REFUSED', endpoint);
    }
    const guest = await newIdentity(strict, { role: 'guest', roomId: 'team' });
    const gus = await ProtocolClient.enter(strict.url, guest);
    const harmless = { ...service.subscription, endpoint: 'https://push.example/1' };
    assert.equal(await gus.refusal('push.subscribe', harmless), 'FORBIDDEN', 'nobody calls guests');
    await Promise.all([eve.close(), gus.close()]);
    await strict.close();
  });
});
