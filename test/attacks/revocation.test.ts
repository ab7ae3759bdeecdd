// Mostly waits: may run beside other tests.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import Database from 'better-sqlite3';
import { type Identity, restoreFromBackup } from '../../client/sdk/index.ts';
import type { AccountInfo } from '../../signaling/index.ts';
import { AttackedServer } from '../support/attacked-server.ts';
import { freePort } from '../support/programs.ts';
import { newIdentity, ProtocolClient } from '../support/protocol-client.ts';
import { Bystanders, Seat } from '../support/raw-call.ts';
import { TestServer } from '../support/server.ts';
import { eventually } from '../support/wait.ts';

const CANOPY = fileURLToPath(new URL('../../bin/canopy.ts', import.meta.url));
const PASSWORD = 'correct horse';
const NOBODY = '0'.repeat(64);

const accountsOf = async (server: TestServer) =>
  (await server.api<{ accounts: AccountInfo[] }>('GET', '/api/accounts')).accounts;

/** The account of a device that has signed in. */
async function accountOf(server: TestServer, { deviceId }: Identity): Promise<AccountInfo> {
  const account = (await accountsOf(server)).find(({ devices }) =>
    devices.some((device) => device.deviceId === deviceId),
  );
  assert.ok(account, 'the device is listed');
  return account;
}

const revoke = (server: TestServer, accountId: string, deviceId?: string) =>
  server.api<{ connectionsEnded: number }>(
    'POST',
    `/api/accounts/${accountId}${deviceId === undefined ? '' : `/devices/${deviceId}`}/revoke`,
  );

/** Result of signing in: `ok` or the error code. */
async function signIn(url: string, identity: Identity): Promise<string> {
  const client = await ProtocolClient.open(url);
  const answer = await client.ask('auth.prove', await client.proof(identity));
  client.close();
  return answer.ok ? 'ok' : answer.error.code;
}

async function twoDevices(server: TestServer): Promise<[Identity, Identity]> {
  const first = await newIdentity(server, { displayName: 'Eve' });
  const backup = await first.exportBackup(PASSWORD);
  return [first, await restoreFromBackup({ backup, password: PASSWORD })];
}

describe('threats 1 and 7: a revoked person is removed at once and stays out', () => {
  let attacked: AttackedServer;
  let server: TestServer;
  let people: Bystanders;

  before(async () => {
    attacked = await AttackedServer.start({ flags: ['--workers', '1'] });
    server = attacked.server;
    const [ann, bob] = await Promise.all([newIdentity(server), newIdentity(server)]);
    people = await Bystanders.start(server.url, ann, bob, 'team');
  });
  after(async () => {
    await people.leave();
    await attacked.close();
  });

  it('an account is locked out with all its devices, kept seats and media, and nobody else is affected', async () => {
    const [one, two] = await twoDevices(server);
    const seat = await Seat.take(server.url, one, 'team');
    const sent = [await seat.produce('audio'), await seat.produce('video')];
    const outside = await ProtocolClient.enter(server.url, two);
    const lost = await Seat.take(server.url, two, 'team');
    const kept = await lost.produce('audio');
    await lost.client.cut();
    const { client: witness } = people.bob;
    await witness.event(
      'participant.updated',
      ({ participant }) => participant.participantId === lost.participantId && !participant.connected,
    );
    const { accountId } = await accountOf(server, one);

    assert.deepEqual(await revoke(server, accountId), { connectionsEnded: 2 });
    assert.equal(await seat.client.ended(), 'CERT_REVOKED');
    assert.equal(await outside.ended(), 'CERT_REVOKED');
    for (const { participantId } of [seat, lost]) {
      const left = await witness.event('participant.left', (event) => event.participantId === participantId);
      assert.equal(left.reason, 'kicked');
    }
    for (const producerId of [...sent, kept]) {
      await witness.event('producer.closed', (event) => event.producerId === producerId);
    }
    const { connections, peersConnected, peersWaiting, producers, transports } = await server.objects();
    assert.deepEqual(
      { connections, peersConnected, peersWaiting, producers, transports },
      { connections: 2, peersConnected: 2, peersWaiting: 0, producers: 2, transports: 4 },
    );
    for (const device of [one, two]) {
      assert.equal(await signIn(server.url, device), 'CERT_REVOKED');
    }
    assert.equal(witness.count('participant.left'), 2);
    await people.goOn();
    assert.deepEqual(await revoke(server, accountId), { connectionsEnded: 0 });
    assert.equal((await accountOf(server, one)).revoked, true);
  });

  it('a single device is locked out, while the account’s other one stays', async () => {
    const [stolen, other] = await twoDevices(server);
    const seat = await Seat.take(server.url, stolen, 'team');
    const stays = await Seat.take(server.url, other, 'team');
    const { accountId } = await accountOf(server, stolen);

    assert.deepEqual(await revoke(server, accountId, stolen.deviceId), { connectionsEnded: 1 });
    assert.equal(await seat.client.ended(), 'CERT_REVOKED');
    await stays.client.event('participant.left', ({ participantId }) => participantId === seat.participantId);
    assert.equal(await signIn(server.url, stolen), 'CERT_REVOKED');
    assert.equal(await signIn(server.url, other), 'ok');
    await stays.produce();
    const { revoked, devices } = await accountOf(server, other);
    assert.deepEqual(
      [revoked, ...devices.map((device) => [device.deviceId, device.revoked])],
      [false, [other.deviceId, false], [stolen.deviceId, true]],
    );
    await stays.client.get('room.leave', {});
    stays.client.close();
    await people.goOn();
  });

  it('a peer that returns to its seat at the same moment is locked out too', async () => {
    for (let round = 0; round < 10; round += 1) {
      const eve = await newIdentity(server);
      const seat = await Seat.take(server.url, eve, 'team');
      const { accountId } = await accountOf(server, eve);
      await seat.client.cut();
      const again = await ProtocolClient.open(server.url);
      const proof = await again.proof(eve);
      const resume = { roomId: 'team', resume: { peerId: seat.peerId } };
      // In later rounds the client has got further.
      const entering = again
        .ask('auth.prove', proof)
        .then((answer) => (answer.ok && again.open ? again.ask('room.join', resume) : answer))
        .catch(() => undefined);
      await new Promise((resolve) => setImmediate(resolve));
      if (round >= 5) {
        await server.metrics();
      }
      await revoke(server, accountId);
      await entering;
      if (again.open) {
        // Either it was refused and cannot do anything, or it was inside and is removed.
        const last = again.refusal('room.join', resume).catch(() => again.ended());
        assert.match(await last, /^(AUTH_REQUIRED|CERT_REVOKED)$/);
      }
      again.close();
      const { peersConnected, peersWaiting } = await server.objects();
      assert.deepEqual({ peersConnected, peersWaiting }, { peersConnected: 2, peersWaiting: 0 });
    }
    await people.goOn();
  });

  it('an invitation that the person created before no longer works', async () => {
    const eve = await newIdentity(server, { role: 'admin' });
    const client = await ProtocolClient.enter(server.url, eve);
    const { secret } = await client.get('invite.create', { role: 'admin' });
    const { accountId } = await accountOf(server, eve);
    await revoke(server, accountId);
    assert.equal(await client.ended(), 'CERT_REVOKED');
    const friend = await ProtocolClient.enter(server.url, await newIdentity(server));
    assert.equal(await friend.refusal('invite.redeem', { secret }), 'INVITE_EXPIRED');
    friend.close();
  });

  it('a revocation that cannot be stored takes effect, and is reported so that it can be repeated', async () => {
    const eve = await newIdentity(server);
    const client = await ProtocolClient.enter(server.url, eve);
    const { accountId } = await accountOf(server, eve);
    const file = join(server.dataDir, 'canopy.sqlite');
    const obstacle = new Database(file);
    obstacle.exec('BEGIN IMMEDIATE');
    await assert.rejects(revoke(server, accountId), /503 .*STORE_BUSY/);
    assert.equal(await client.ended(), 'CERT_REVOKED');
    assert.equal(await signIn(server.url, eve), 'CERT_REVOKED');
    obstacle.exec('ROLLBACK');
    await revoke(server, accountId);
    const row = obstacle.prepare('SELECT id FROM revocations WHERE id = ?').get(accountId);
    assert.deepEqual(row, { id: accountId });
    obstacle.close();
  });

  it('the API requires its key and known ids, and says what is wrong', async () => {
    const { accountId } = await accountOf(server, await signedIn(server));
    for (const [path, wrong] of [
      [`/api/accounts/${NOBODY}/revoke`, /404 .*IDENTITY_UNKNOWN/],
      [`/api/accounts/${accountId}/devices/${NOBODY}/revoke`, /404 .*IDENTITY_UNKNOWN/],
      [`/api/accounts/${NOBODY}/devices/${NOBODY}/revoke`, /404 .*IDENTITY_UNKNOWN/],
      ['/api/accounts/ann/revoke', /400 .*BAD_REQUEST.*accountId/],
    ] as const) {
      await assert.rejects(server.api('POST', path), wrong);
    }
    for (const [method, path] of [
      ['GET', '/api/accounts'],
      ['POST', `/api/accounts/${accountId}/revoke`],
      ['POST', `/api/accounts/${accountId}/devices/${NOBODY}/revoke`],
    ] as const) {
      const response = await fetch(new URL(path, server.url), { method });
      assert.equal(response.status, 401, path);
    }
    assert.equal((await accountsOf(server)).find((each) => each.accountId === accountId)?.revoked, false);
  });
});

/** A person with a known device. */
async function signedIn(server: TestServer): Promise<Identity> {
  const identity = await newIdentity(server);
  assert.equal(await signIn(server.url, identity), 'ok');
  return identity;
}

describe('threats 1 and 7: revoking from the command line', () => {
  const canopy = async (server: TestServer, ...args: string[]) => {
    const where = ['--data', server.dataDir, '--host', '127.0.0.1', '--port', `${server.port}`];
    const run = promisify(execFile)(process.execPath, [CANOPY, ...args, ...where]);
    return run.catch((error: { stdout: string; stderr: string }) => error);
  };

  it('canopy accounts lists people, and canopy revoke locks them out of the running server, even after a restart', async () => {
    const server = await TestServer.start({ flags: ['--workers', '1'] });
    let next: TestServer | undefined;
    try {
      assert.match((await canopy(server, 'accounts')).stdout, /^Nobody has enrolled yet/);
      const [person, stolen, free] = await Promise.all([1, 2, 3].map(() => signedIn(server)));
      assert.ok(person && stolen && free);
      const connected = await ProtocolClient.enter(server.url, person);
      const [account, another] = [await accountOf(server, person), await accountOf(server, stolen)];
      const { stdout: list } = await canopy(server, 'accounts');
      // The server's own certificate is trusted.
      const secure = await canopy(server, 'accounts', '--url', `https://localhost:${server.port}`);
      assert.equal(secure.stdout, list);
      for (const shown of [/^Ann, member, enrolled \d{4}-/m, account.accountId, person.deviceId]) {
        assert.match(list, new RegExp(shown));
      }
      assert.doesNotMatch(list, /REVOKED/);

      // A prefix of the id is enough.
      const start = account.accountId.slice(0, 12);
      assert.match((await canopy(server, 'revoke', start)).stdout, /account is revoked.*: 1\.$/m);
      assert.equal(await connected.ended(), 'CERT_REVOKED');
      const device = await canopy(server, 'revoke', another.accountId, '--device', stolen.deviceId);
      assert.match(device.stdout, /device is revoked.*: 0\.$/m);
      assert.equal((await canopy(server, 'accounts')).stdout.match(/REVOKED/g)?.length, 2);
      assert.match((await canopy(server, 'revoke', NOBODY)).stderr, /canopy accounts.*IDENTITY_UNKNOWN/s);

      assert.equal(await server.terminate(), 0);
      assert.match((await canopy(server, 'accounts')).stderr, /Is the server running.*CONNECTION_LOST/s);
      next = await TestServer.start({ flags: ['--workers', '1'], dataDir: server.dataDir });
      const verdicts = [person, stolen, free].map((identity) => signIn(next?.url ?? '', identity));
      assert.deepEqual(await Promise.all(verdicts), ['CERT_REVOKED', 'CERT_REVOKED', 'ok']);
    } finally {
      await next?.close();
      await server.close();
    }
  });

  it('the phone gateway’s account is locked out too, and the gateway creates another one', async () => {
    const server = await TestServer.start({
      phones: true,
      flags: ['--workers', '1', '--sip-port', `${await freePort()}`, '--sip-tls-port', '0'],
      env: { CANOPY_SIP_HOST: '127.0.0.1' },
    });
    const bridges = async () => (await accountsOf(server)).filter(({ role }) => role === 'bridge');
    try {
      const [bridge] = await bridges();
      assert.ok(bridge);
      assert.deepEqual(await revoke(server, bridge.accountId), { connectionsEnded: 1 });
      await eventually('a gateway with another account runs', async () => {
        const metrics = await server.metrics();
        return (
          metrics.get('canopy_sip_gateway_restarts_total') === 1 && metrics.get('canopy_sip_gateway_up') === 1
        );
      });
      assert.deepEqual(
        (await bridges()).map(({ revoked }) => revoked),
        [false, true],
      );
    } finally {
      await server.close();
    }
  });
});
