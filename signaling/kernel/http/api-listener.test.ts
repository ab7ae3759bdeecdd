import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { Agent, type RequestOptions, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { connect, type TLSSocket } from 'node:tls';
import { pino } from 'pino';
import { InProcessServer } from '../../../test/support/in-process-server.ts';
import { AUTHORITY, CompanyPki } from '../../../test/support/openssl.ts';
import { eventually } from '../../../test/support/wait.ts';
import { NestedBudget } from '../budgets/index.ts';
import { ApiListener } from './api-listener.ts';

const SERVER = ['basicConstraints=CA:FALSE', 'extendedKeyUsage=serverAuth'];
const pki = new CompanyPki();
const dir = mkdtempSync(join(tmpdir(), 'canopy-api-'));
const file = (name: string) => join(dir, name);
const material = (name: string) => ({ cert: pki.pem(name), key: pki.key(name) });

before(async () => {
  for (const name of ['ca', 'other ca', 'server ca']) {
    await pki.issue({ name, extensions: AUTHORITY });
  }
  await pki.issue({ name: 'client', issuer: 'ca' });
  await pki.issue({ name: 'stranger', issuer: 'other ca' });
  await pki.issue({ name: 'expired', issuer: 'ca', days: [-30, -1] });
  await pki.issue({ name: 'no client', issuer: 'ca', extensions: SERVER });
  for (const name of ['first', 'second']) {
    await pki.issue({ name, issuer: 'server ca', extensions: SERVER });
  }
});
after(() => {
  pki.close();
  rmSync(dir, { recursive: true });
});

/** Asks over TLS. `client`: whose certificate to use. */
async function ask(port: number, client: string | undefined, path: string, options: RequestOptions = {}) {
  const asked = request({
    ...{ host: '127.0.0.1', port, path, agent: false, rejectUnauthorized: false },
    ...(client !== undefined && material(client)),
    ...options,
  }).end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  const socket = asked.socket as TLSSocket;
  const server = socket.getPeerCertificate().subject.CN;
  const body = Buffer.concat(await response.toArray()).toString();
  return { status: response.statusCode, body, socket, server };
}

describe('the port for the REST API', () => {
  let listener: ApiListener;
  let port: number;
  let lateMs = 0;

  beforeEach(async () => {
    lateMs = 0;
    writeFileSync(file('clients.pem'), pki.pem('ca'));
    listener = new ApiListener({
      log: pino({ level: 'silent' }),
      connections: new NestedBudget({ what: 'connections', limits: { address: 100 } }),
      tls: material('first'),
      clientCa: file('clients.pem'),
      now: () => Date.now() + lateMs,
      handle: (asked, response) => response.end(`${listener.serves(asked)} ${asked.url}`),
    });
    await listener.listen('127.0.0.1', 0);
    port = listener.port;
  });
  afterEach(() => listener.close());

  it('admits a client with a certificate of the authority, by TLS 1.3 only', async () => {
    const { status, body, socket } = await ask(port, 'client', '/api/rooms');
    assert.deepEqual([status, body, socket.getProtocol()], [200, 'true /api/rooms', 'TLSv1.3']);
    await assert.rejects(ask(port, 'client', '/api/rooms', { maxVersion: 'TLSv1.2' }));
  });

  for (const [what, client] of [
    ['no certificate', undefined],
    ['a certificate of another authority', 'stranger'],
    ['an expired certificate', 'expired'],
    ['a certificate that is not for clients', 'no client'],
  ] as const) {
    it(`threat 1: refuses ${what}`, async () => {
      await assert.rejects(ask(port, client, '/api/rooms'));
    });
  }

  it('answers nothing but the API and metrics', async () => {
    assert.equal((await ask(port, 'client', '/metrics')).status, 200);
    for (const path of ['/', '/socket.io/?EIO=4&transport=polling', '/api', '/assets/x.js']) {
      assert.equal((await ask(port, 'client', path)).status, 404, path);
    }
  });

  it('uses a renewed certificate of the server for new connections', async () => {
    const subject = async () => (await ask(port, 'client', '/api/')).server;
    assert.equal(await subject(), 'first');
    listener.setTls(material('second'));
    assert.equal(await subject(), 'second');
    await assert.rejects(ask(port, 'stranger', '/api/'));
  });

  it('uses other authorities for new connections, unless their file is unusable', async () => {
    writeFileSync(file('clients.pem'), pki.pem('other ca'));
    listener.reload();
    assert.equal((await ask(port, 'stranger', '/api/')).status, 200);
    await assert.rejects(ask(port, 'client', '/api/'));
    for (const bad of ['', 'rubbish', pki.pem('client')]) {
      writeFileSync(file('clients.pem'), bad);
      listener.reload();
      assert.equal((await ask(port, 'stranger', '/api/')).status, 200);
    }
  });

  it('lets no connection outlive its client’s certificate, nor resume an earlier one', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const { socket } = await ask(port, 'client', '/api/', { agent });
    assert.equal((await ask(port, 'client', '/api/', { agent })).socket, socket);
    lateMs = 31 * 86_400_000;
    await assert.rejects(ask(port, 'client', '/api/', { agent }));
    agent.destroy();
    lateMs = 0;
    const open = async (session?: Buffer) => {
      const connection = connect({ port, rejectUnauthorized: false, ...material('client'), session });
      await once(connection, 'secureConnect');
      connection.write('GET /api/ HTTP/1.1\r\nHost: x\r\n\r\n');
      await once(connection, 'data');
      return connection;
    };
    const first = await open();
    const second = await open(first.getSession());
    assert.equal(second.isSessionReused(), false);
    first.destroy();
    second.destroy();
  });

  it('is not opened with an unusable file', () => {
    for (const [content, detail] of [
      ['', /^api\.clientCa: .*empty/],
      ['rubbish', /^api\.clientCa: .*no certificate/],
      [pki.pem('client'), /^api\.clientCa: .*CN=client is not a certificate authority/],
    ] as const) {
      writeFileSync(file('bad.pem'), content);
      assert.throws(
        () =>
          new ApiListener({
            log: pino({ level: 'silent' }),
            connections: new NestedBudget({ what: 'connections', limits: {} }),
            tls: material('first'),
            clientCa: file('bad.pem'),
            handle: () => {},
          }),
        { code: 'CONFIG_INVALID', detail },
      );
    }
  });
});

describe('a server with client certificates for its API', () => {
  let server: InProcessServer;
  let port: number;

  before(async () => {
    writeFileSync(file('clients.pem'), pki.pem('ca'));
    writeFileSync(file('tls.pem'), pki.pem('first', 'server ca'));
    writeFileSync(file('tls.key'), pki.key('first'));
    server = await InProcessServer.start({
      'api.clientCa': file('clients.pem'),
      'api.port': 0,
      'server.tlsCert': file('tls.pem'),
      'server.tlsKey': file('tls.key'),
      'server.trustProxy': 1,
    });
    port = server.signaling.apiPort ?? 0;
  });
  after(() => server.close());

  it('threat 29: still wants a token with the scope: the certificate opens the port and nothing else', async () => {
    const { body } = await server.api('POST', '/api/tokens', { name: 'reports', scopes: ['rooms:read'] });
    const headers = { authorization: `Bearer ${(body as { token: string }).token}` };
    const codeOf = (text: string) => JSON.parse(text).error?.code;
    assert.equal((await ask(port, 'client', '/api/rooms', { headers })).status, 200);
    assert.equal(codeOf((await ask(port, 'client', '/api/rooms')).body), 'API_KEY_INVALID');
    assert.equal(codeOf((await ask(port, 'client', '/api/accounts', { headers })).body), 'SCOPE_MISSING');
    await assert.rejects(ask(port, undefined, '/api/rooms', { headers }));

    // On the main port only programs on this machine may use it.
    const main = server.signaling.port;
    assert.equal((await ask(main, undefined, '/api/rooms', { headers })).status, 200);
    const through = { ...headers, 'x-forwarded-for': '192.0.2.1' };
    for (const each of [through, { 'x-forwarded-for': '192.0.2.1' }]) {
      const answer = await ask(main, undefined, '/api/rooms', { headers: each });
      assert.equal(codeOf(answer.body), 'CLIENT_CERTIFICATE_REQUIRED');
    }
    // What people's pages need is still there.
    assert.equal((await ask(main, undefined, '/api/server', { headers: through })).status, 200);
    // Nobody chooses their address in the audit log by a header.
    assert.equal((await ask(port, 'client', '/api/accounts', { headers: through })).status, 403);
    const { body: log } = await server.api('GET', '/api/audit?outcome=SCOPE_MISSING');
    const { entries } = log as { entries: Array<{ actor: { address: string } }> };
    assert.deepEqual([...new Set(entries.map(({ actor }) => actor.address))], ['127.0.0.1']);
  });

  it('takes a renewed certificate for both ports without a restart', async () => {
    writeFileSync(file('tls.pem'), pki.pem('second', 'server ca'));
    writeFileSync(file('tls.key'), pki.key('second'));
    await eventually(
      'both ports have it',
      async () => {
        const answers = [
          await ask(port, 'client', '/api/server'),
          await ask(server.signaling.port, undefined, '/api/server'),
        ];
        return answers.map((answer) => answer.server).join();
      },
      (names) => names === 'second,second',
    );
  });
});
