import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { connect as tlsConnect } from 'node:tls';
import { pino } from 'pino';
import { eventually } from '../../../test/support/wait.ts';
import { NestedBudget } from '../budgets/index.ts';
import { Listener, type TlsMaterial } from './listener.ts';
import type { TcpPortOptions } from './tcp-port.ts';

describe('Listener', () => {
  const dir = mkdtempSync(join(tmpdir(), 'canopy-listener-'));
  let tls: TlsMaterial;
  let other: TlsMaterial;
  let listener: Listener;

  const material = (name: string): TlsMaterial => {
    const [key, cert] = [join(dir, `${name}.key`), join(dir, `${name}.pem`)];
    const subject = ['-subj', `/CN=${name}`, '-days', '2', '-nodes'];
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:P-256',
        '-keyout',
        key,
        '-out',
        cert,
        ...subject,
      ],
      {
        stdio: 'ignore',
      },
    );
    return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
  };
  /** Lines logged by the listener. */
  let lines: string[] = [];
  const options = (limit = 100, output = lines): TcpPortOptions => ({
    log: pino({ level: 'info' }, { write: (line) => output.push(line) }),
    connections: new NestedBudget({
      what: 'connections',
      code: 'TOO_MANY_CONNECTIONS',
      limits: { address: limit },
    }),
  });
  const open = async (material: TlsMaterial | null, host = '::', limit?: number) => {
    lines = [];
    listener = new Listener(material, options(limit));
    listener.http.on('request', (request, response) =>
      response.end(`${'encrypted' in request.socket} ${request.url}`),
    );
    await listener.listen(host, 0);
    return listener.port;
  };
  const ask = async (
    request: typeof httpRequest | typeof httpsRequest,
    options: RequestOptions & { rejectUnauthorized?: boolean },
  ) => {
    const asked = request({ ...options, rejectUnauthorized: false, agent: false }).end();
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    let body = '';
    for await (const chunk of response) {
      body += String(chunk);
    }
    return { status: response.statusCode, location: response.headers.location, body };
  };

  before(() => {
    tls = material('one');
    other = material('two');
  });
  afterEach(() => listener.close());
  after(() => rmSync(dir, { recursive: true }));

  it('answers HTTPS and loopback HTTP on one port', async () => {
    const port = await open(tls);
    assert.equal((await ask(httpsRequest, { host: '127.0.0.1', port, path: '/a' })).body, 'true /a');
    assert.equal((await ask(httpRequest, { host: '127.0.0.1', port, path: '/b' })).body, 'false /b');
    assert.equal((await ask(httpRequest, { host: '::1', port, path: '/c' })).body, 'false /c');
  });

  it('redirects plain HTTP from elsewhere to HTTPS', async (t) => {
    const own = Object.values(networkInterfaces())
      .flatMap((list) => list ?? [])
      .find(({ internal, family }) => !internal && family === 'IPv4')?.address;
    if (own === undefined) {
      t.skip('this machine has no address but loopback');
      listener = new Listener(null, options());
      return;
    }
    const port = await open(tls);
    const answer = await ask(httpRequest, { host: own, port, path: '/room' });
    assert.equal(answer.status, 308);
    assert.equal(answer.location, `https://${own}:${port}/room`);
  });

  it('answers only plain HTTP when TLS is off', async () => {
    const port = await open(null);
    assert.equal((await ask(httpRequest, { host: '127.0.0.1', port, path: '/' })).body, 'false /');
  });

  it('threat 15: uses a rotated certificate for the next connection', async () => {
    const port = await open(tls);
    const name = async () => {
      const asked = httpsRequest({ host: '127.0.0.1', port, rejectUnauthorized: false, agent: false }).end();
      const [response] = (await once(asked, 'response')) as [IncomingMessage];
      response.resume();
      return (response.socket as import('node:tls').TLSSocket).getPeerCertificate().subject.CN;
    };
    assert.equal(await name(), 'one');
    listener.setTls(other);
    assert.equal(await name(), 'two');
  });

  it('shows the certificate of an ACME challenge to the authority only, also if its hello comes in pieces', async () => {
    const port = await open(tls);
    const relay = createServer((socket) => {
      const onward = connect({ port, host: '127.0.0.1', noDelay: true });
      onward.pipe(socket);
      socket.on('data', async (chunk: Buffer) => {
        for (let at = 0; at < chunk.length; at += 100) {
          onward.write(chunk.subarray(at, at + 100));
          await setImmediate();
        }
      });
      socket.on('error', () => onward.destroy());
      onward.on('error', () => socket.destroy());
      socket.on('close', () => onward.destroy());
    }).listen(0, '127.0.0.1');
    await once(relay, 'listening');
    const { port: relayPort } = relay.address() as AddressInfo;
    const shown = async (protocol: string, at = relayPort) => {
      const socket = tlsConnect({
        host: '127.0.0.1',
        port: at,
        servername: 'meet.example',
        ALPNProtocols: [protocol],
        rejectUnauthorized: false,
      });
      await once(socket, 'secureConnect');
      const { subject } = socket.getPeerCertificate();
      const { alpnProtocol } = socket;
      socket.destroy();
      return `${subject.CN} ${alpnProtocol}`;
    };
    try {
      listener.setChallenge('meet.example', other);
      assert.equal(await shown('acme-tls/1'), 'two acme-tls/1');
      assert.equal(await shown('acme-tls/1', port), 'two acme-tls/1');
      assert.equal(await shown('http/1.1'), 'one http/1.1');
      listener.setChallenge('meet.example', undefined);
      await assert.rejects(shown('acme-tls/1'));
    } finally {
      relay.close();
    }
  });

  it('survives clients that send garbage, hang up or stay silent', async () => {
    const port = await open(tls);
    const garbage = connect(port, '127.0.0.1');
    garbage.write(Buffer.alloc(64, 0x16));
    await once(garbage, 'close');
    const hangup = connect(port, '127.0.0.1');
    await once(hangup, 'connect');
    hangup.resetAndDestroy();
    const silent = connect(port, '127.0.0.1');
    await once(silent, 'connect');
    assert.equal((await ask(httpsRequest, { host: '127.0.0.1', port, path: '/' })).status, 200);
    silent.destroy();
  });

  it('threat 4: one address holds no more connections than its share, whatever it sends; others get in', async () => {
    const port = await open(tls, '::', 10);
    const silent: Socket[] = [];
    const tryOut = (localAddress: string) => ask(httpsRequest, { host: '127.0.0.1', port, localAddress });
    const hold = async (localAddress: string) => {
      const socket = connect({ port, host: '127.0.0.1', localAddress });
      silent.push(socket.on('error', () => {}));
      await once(socket, 'connect');
      // Half of them are in the middle of a handshake.
      if (silent.length % 2 === 0) {
        socket.write(Buffer.from([0x16, 3, 1]));
      }
    };
    for (let n = 0; n < 10; n += 1) {
      await hold('127.0.0.2');
    }
    for (let n = 0; n < 3; n += 1) {
      await assert.rejects(tryOut('127.0.0.2'));
    }
    assert.equal((await ask(httpsRequest, { host: '127.0.0.1', port, path: '/' })).status, 200);
    const refusals = lines.filter((line) => line.includes('TOO_MANY_CONNECTIONS'));
    assert.equal(refusals.length, 1, 'one line for all of them');
    assert.match(refusals[0] ?? '', /127\.0\.0\.2/);
    // A client that closes connections gets in again.
    silent[0]?.destroy();
    await eventually('there is room again', () =>
      tryOut('127.0.0.2').then(
        () => true,
        () => false,
      ),
    );
    for (const socket of silent) {
      socket.destroy();
    }
  });

  it('logs a failed TLS handshake with its address, once a minute', async () => {
    const port = await open(tls);
    for (let n = 0; n < 3; n += 1) {
      const garbage = connect(port, '127.0.0.1');
      garbage
        .on('error', () => {})
        .resume()
        .write(Buffer.alloc(64, 0x16));
      await once(garbage, 'close');
    }
    const [line, ...more] = lines.filter((each) => each.includes('TLS handshake failed'));
    assert.match(line ?? '', /"code":"ERR_SSL_[A-Z_]+","address":"(?:::ffff:)?127\.0\.0\.1"/);
    assert.deepEqual(more, []);
  });

  it('names a port that is in use', async () => {
    const port = await open(tls, '127.0.0.1');
    const second = new Listener(tls, options());
    await assert.rejects(second.listen('127.0.0.1', port), { code: 'PORT_IN_USE' });
    await second.close();
  });
});
