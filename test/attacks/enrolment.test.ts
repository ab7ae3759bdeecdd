// Mostly waits: may run beside other tests.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { enrol, type Identity, parseInvitation } from '../../client/sdk/index.ts';
import { AttackedServer } from '../support/attacked-server.ts';
import { newIdentity, ProtocolClient } from '../support/protocol-client.ts';
import type { TestServer } from '../support/server.ts';

interface Answer {
  status: number;
  body: { role?: string; chain?: string[]; error?: { code: string; detail?: string } };
}

describe('enrolment', () => {
  let attacked: AttackedServer;
  let server: TestServer;

  before(async () => {
    attacked = await AttackedServer.start({ flags: ['--workers', '1'] });
    server = attacked.server;
  });
  after(() => attacked.close());

  const invited = async (options: Parameters<TestServer['invite']>[0]) => {
    const invitation = parseInvitation(await server.invite({ displayName: 'Ann', ...options }));
    assert.ok(invitation);
    return invitation;
  };
  const post = async (body: object, headers: Record<string, string> = {}): Promise<Answer> => {
    const response = await fetch(`${server.url}/api/enrol`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
    return { status: response.status, body: (await response.json()) as Answer['body'] };
  };
  /** Enrols. Also returns the request body. */
  const enrolled = async (options: Parameters<TestServer['invite']>[0]) => {
    let sent = {};
    const listening: typeof fetch = (input, init) => {
      if (init?.body !== undefined) {
        sent = JSON.parse(String(init.body)) as object;
      }
      return fetch(input, init);
    };
    const identity = await enrol({ serverUrl: server.url, ...(await invited(options)), fetch: listening });
    return { identity, sent: sent as { secret: string; csr: string } };
  };
  const roleOf = async (identity: Identity) => {
    const client = await ProtocolClient.open(server.url);
    const { role } = await client.get('auth.prove', await client.proof(identity));
    client.close();
    return role;
  };

  it('a lost answer is repeated for the same key, and the link works for nobody else', async () => {
    const { identity, sent } = await enrolled({ role: 'member' });
    const again = await post(sent);
    assert.equal(again.status, 200);
    assert.equal(again.body.role, 'member');
    assert.equal(again.body.chain?.length, 2);
    assert.equal(await roleOf(identity), 'member');
    const { sent: other } = await enrolled({ role: 'member' });
    const stolen = await post({ ...sent, csr: other.csr });
    assert.deepEqual([stolen.status, stolen.body.error?.code], [410, 'INVITE_USED']);
  });

  it('a key that enrols again gets the role of a better link, and keeps its own with a lesser one', async () => {
    const { identity, sent } = await enrolled({ role: 'guest', roomId: 'lobby' });
    for (const [role, expected] of [
      ['member', 'member'],
      ['guest', 'member'],
      ['admin', 'admin'],
    ] as const) {
      const { secret } = await invited({ role, ...(role === 'guest' && { roomId: 'lobby' }) });
      const answer = await post({ ...sent, secret });
      assert.deepEqual([answer.status, answer.body.role], [200, expected]);
      assert.equal(await roleOf(identity), expected);
    }
    const { secret } = await invited({ role: 'bridge' });
    const refused = await post({ ...sent, secret });
    assert.deepEqual([refused.status, refused.body.error?.code], [403, 'FORBIDDEN']);
    assert.equal(await roleOf(identity), 'admin');
  });

  it('threat 3: a page under an address that the server does not know spends no invitation, and says what to do', async () => {
    const { sent } = await enrolled({ role: 'member' });
    const { secret } = await invited({ role: 'member' });
    const request = { ...sent, secret };
    const origin = 'https://meet.example';
    const refused = await post(request, { origin });
    assert.deepEqual([refused.status, refused.body.error?.code], [403, 'ORIGIN_NOT_ALLOWED']);
    assert.match(refused.body.error?.detail ?? '', /--public-url https:\/\/meet\.example/);
    for (const strange of ['null', 'file://', 'https://evil.example"><b>']) {
      assert.equal((await post(request, { origin: strange })).status, 403, strange);
    }
    const authorization = `Bearer ${readFileSync(join(server.dataDir, 'api.key'), 'utf8').trim()}`;
    const asked = await fetch(`${server.url}/api/invites`, {
      method: 'POST',
      headers: { origin, authorization },
    });
    assert.equal(asked.status, 403);
    assert.equal((await post(request, { origin: server.url })).status, 200);
  });

  it('an account has at most 100 open invitations', async () => {
    const client = await ProtocolClient.enter(server.url, await newIdentity(server));
    const create = () => client.ask('invite.create', { role: 'guest', roomId: 'lobby' });
    const answers = await Promise.all(Array.from({ length: 110 }, create));
    assert.equal(answers.filter(({ ok }) => ok).length, 100);
    assert.equal(await client.refusal('invite.create', { role: 'guest', roomId: 'lobby' }), 'LIMIT_REACHED');
    client.close();
  });
});
