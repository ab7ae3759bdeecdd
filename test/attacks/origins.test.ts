// Mostly waits: may run beside other tests.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { enrol, parseInvitation } from '../../client/sdk/index.ts';
import { AttackedServer } from '../support/attacked-server.ts';
import { untilBaseline } from '../support/gauges.ts';
import { newIdentity, ProtocolClient } from '../support/protocol-client.ts';
import { RawSocket } from '../support/raw-socket.ts';
import type { TestServer } from '../support/server.ts';

describe('threat 3: pages of other origins, and secrets that leak', () => {
  let attacked: AttackedServer;
  let server: TestServer;

  before(async () => {
    attacked = await AttackedServer.start({ flags: ['--log-level', 'trace'] });
    server = attacked.server;
  });
  after(async () => {
    await attacked.close();
  });

  it('a socket from a page of another origin is refused', async () => {
    const { port } = server;
    const foreign = [
      'https://evil.example',
      `https://evil.example:${port}`,
      `http://localhost:${port}.evil.example`,
      `http://localhost.evil.example:${port}`,
      `http://localhost:${port + 1}`,
      'http://localhost',
      `http://localhost:${port}/`,
      `http://user@localhost:${port}`,
      `HTTP://LOCALHOST:${port}`,
      'file://',
      'null',
      '*',
      '',
      `http://localhost:${port}, https://evil.example`,
    ];
    for (const origin of foreign) {
      const { status, body } = await RawSocket.refusal(server.url, { headers: { Origin: origin } });
      assert.ok(status >= 400 && body.includes('ORIGIN_NOT_ALLOWED'), `${origin}: ${status} ${body}`);
    }
  });

  it('a socket without an origin is refused', async () => {
    assert.match((await RawSocket.refusal(server.url, { headers: {} })).body, /ORIGIN_NOT_ALLOWED/);
  });

  it('a socket from a plain http page of another host, or of this host’s external addresses, is refused', async () => {
    const own = Object.values(networkInterfaces())
      .flatMap((list) => list ?? [])
      .filter(({ internal, family }) => !internal && family === 'IPv4')
      .map(({ address }) => address);
    for (const host of ['192.0.2.1', 'meet.example', ...own]) {
      const headers = { Origin: `http://${host}:${server.port}` };
      assert.match((await RawSocket.refusal(server.url, { headers })).body, /ORIGIN_NOT_ALLOWED/, host);
    }
  });

  it('all of the server’s own origins are accepted', async () => {
    for (const origin of [`http://127.0.0.1:${server.port}`, `https://localhost:${server.port}`]) {
      const socket = await RawSocket.open(server.url, { headers: { Origin: origin } });
      socket.close();
    }
  });

  it('pages of other origins may not read the API’s answers', async () => {
    const headers = { origin: 'https://evil.example' };
    const answer = await fetch(`${server.url}/api/server`, { headers });
    assert.equal(answer.headers.get('access-control-allow-origin'), null);
    const preflight = await fetch(`${server.url}/api/enrol`, {
      method: 'OPTIONS',
      headers: { ...headers, 'access-control-request-method': 'POST' },
    });
    assert.equal(preflight.headers.get('access-control-allow-origin'), null);
  });

  it('no secret is logged or put into a URL, whether its use succeeds or fails', async () => {
    const apiKey = readFileSync(join(server.dataDir, 'api.key'), 'utf8').trim();
    const first = parseInvitation(server.firstInvitation);
    assert.ok(first);
    const admin = await enrol({ serverUrl: server.url, ...first });
    const link = await server.invite({ role: 'guest', roomId: 'team' });
    const guest = parseInvitation(link);
    assert.ok(guest);
    const { pathname, search, hash } = new URL(link);
    assert.ok(!`${pathname}${search}`.includes(guest.secret) && hash.includes(guest.secret));

    // A correct and a wrong proof, an invitation redeemed and one tried again, and the key in wrong places too.
    const client = await ProtocolClient.open(server.url);
    const proof = await client.proof(admin);
    await client.get('auth.prove', proof);
    assert.equal(await client.refusal('auth.prove', proof), 'AUTH_DONE');
    await client.get('invite.redeem', { secret: guest.secret });
    assert.equal(await client.refusal('invite.redeem', { secret: guest.secret }), 'INVITE_USED');
    assert.equal(await client.refusal('invite.redeem', { secret: [guest.secret] }), 'BAD_REQUEST');
    const made = await client.get('invite.create', { role: 'member' });
    const wrong = await ProtocolClient.open(server.url);
    const bad = await wrong.proof(await newIdentity(server), { nonce: proof.nonce });
    assert.equal(await wrong.refusal('auth.prove', bad), 'AUTH_BAD_NONCE');
    for (const body of [{ secret: made.secret, csr: 'AAAA' }, { secret: made.secret }, `{${made.secret}`]) {
      const answer = await fetch(`${server.url}/api/enrol`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${apiKey}` },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      });
      assert.ok(!answer.ok);
      assert.ok(!(await answer.text()).includes(made.secret), 'an error does not repeat the secret');
    }
    client.close();
    wrong.close();
    await untilBaseline(server);

    const ticketKey = readFileSync(join(server.dataDir, 'ticket.key'), 'utf8').trim();
    const secrets = { apiKey, guest: guest.secret, made: made.secret, signature: proof.signature, ticketKey };
    for (const [what, secret] of Object.entries({ ...secrets, other: bad.signature, nonce: proof.nonce })) {
      assert.ok(!server.log.includes(secret), `${what} was logged`);
    }
    assert.ok(server.log.includes('account enrolled'), 'the log tells what happened');
    assert.ok(!server.log.includes('PRIVATE KEY'));
    assert.equal(server.log.split(first.secret).length - 1, 1, 'the first invitation is printed once');
  });
});
