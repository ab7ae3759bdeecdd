import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { createServer, type Server } from 'node:tls';
import pino from 'pino';
import { sipTrunk, type TrunkTls } from '../../../contract/index.ts';
import { trunkTls } from '../../dial/index.ts';
import { SipStack } from '../index.ts';

/** A registrar's answer to OPTIONS. */
function answerTo(request: string): string {
  const copied = request.split('\r\n').filter((line) => /^(Via|From|Call-ID|CSeq): /i.test(line));
  const to = /^To: .*$/m.exec(request)?.[0].trim();
  return ['SIP/2.0 200 OK', ...copied, `${to};tag=peer`, 'Content-Length: 0', '', ''].join('\r\n');
}

describe('a trunk over TLS', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'canopy-trunk-tls-'));
  const folder = join(dataDir, 'trunk-tls');
  const errors: string[] = [];
  const log = pino({ level: 'error' }, { write: (line: string) => errors.push(line) });
  let peer: Server;
  /** Of our own port. */
  let own: { cert: string; key: string };
  let stack: SipStack | undefined;
  /** Common names of the clients whose requests have arrived. */
  let clients: string[] = [];

  before(async () => {
    mkdirSync(folder);
    const openssl = (...parts: string[]) => execFileSync('openssl', parts, { cwd: folder, stdio: 'ignore' });
    const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    for (const name of ['ca', 'other-ca']) {
      openssl(
        'req',
        '-x509',
        ...ec,
        '-days',
        '2',
        '-subj',
        `/CN=${name}`,
        '-keyout',
        `${name}.key`,
        '-out',
        `${name}.pem`,
      );
    }
    writeFileSync(join(folder, 'san.cnf'), 'subjectAltName=DNS:pbx.test');
    for (const name of ['pbx.test', 'canopy', 'renewed']) {
      openssl('req', '-new', ...ec, '-subj', `/CN=${name}`, '-keyout', `${name}.key`, '-out', `${name}.csr`);
      // biome-ignore format: one argument per line is harder to read
      openssl('x509', '-req', '-in', `${name}.csr`, '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '1', '-extfile', 'san.cnf', '-out', `${name}.pem`);
    }
    const read = (name: string) => readFileSync(join(folder, name), 'utf8');
    own = { cert: read('canopy.pem'), key: read('canopy.key') };
    peer = createServer(
      {
        key: read('pbx.test.key'),
        cert: read('pbx.test.pem'),
        ca: read('ca.pem'),
        requestCert: true,
        rejectUnauthorized: true,
      },
      (socket) => {
        socket.on('error', () => {});
        socket.on('data', (bytes) => {
          clients.push(String(socket.getPeerCertificate().subject.CN));
          socket.write(answerTo(bytes.toString('latin1')));
        });
      },
    );
    peer.on('tlsClientError', () => {});
    peer.listen(0, '127.0.0.1');
    await once(peer, 'listening');
  });
  afterEach(async () => {
    await stack?.close(0);
    clients = [];
    errors.length = 0;
  });
  after(() => {
    peer.close();
    rmSync(dataDir, { recursive: true });
  });

  /** Whether the trunk answers OPTIONS over TLS with these settings. */
  async function answers(tls: TrunkTls): Promise<boolean> {
    await stack?.close(0);
    const uri = `sip:127.0.0.1:${(peer.address() as AddressInfo).port};transport=tls`;
    const trunk = sipTrunk.parse({ name: 'operator', uri, tls });
    stack = await SipStack.create({
      listen: [{ protocol: 'tls', address: '127.0.0.1', port: 0, tls: own }],
      tlsFor: (host) => trunkTls({ trunks: [trunk] }, host, { dataDir, log }),
    });
    const known = once(stack, 'contact', { signal: AbortSignal.timeout(30_000) });
    stack.setTrunks([{ id: 'operator', uri, pingSeconds: 3600 }]);
    const [{ state }] = await known;
    return state === 'up';
  }
  const settings = { certificate: 'canopy.pem', key: 'canopy.key', ca: 'ca.pem', serverName: 'pbx.test' };

  it('gets the certificate that it asks for, and must have one for the name and from the authority that are set', async () => {
    assert.equal(await answers(settings), true);
    assert.deepEqual(clients, ['canopy']);
    clients = [];
    assert.equal(await answers({ ca: 'ca.pem', serverName: 'pbx.test' }), false, 'it lets nobody else in');
    assert.equal(await answers({ ...settings, serverName: 'elsewhere.test' }), false, 'another name');
    assert.equal(await answers({ ...settings, ca: 'other-ca.pem' }), false, 'another authority');
    const { serverName: _none, ...byAddress } = settings;
    assert.equal(await answers(byAddress), false, 'its certificate is not for its address');
    assert.deepEqual(clients, []);
  });

  it('gets a renewed certificate on the next connection', async () => {
    for (const name of ['canopy', 'renewed']) {
      copyFileSync(join(folder, `${name}.pem`), join(folder, 'current.pem'));
      copyFileSync(join(folder, `${name}.key`), join(folder, 'current.key'));
      assert.equal(await answers({ ...settings, certificate: 'current.pem', key: 'current.key' }), true);
    }
    assert.deepEqual(clients, ['canopy', 'renewed']);
  });

  it('is not connected to while its files are missing or do not fit, which the log says', async () => {
    for (const key of ['missing.key', 'renewed.key']) {
      errors.length = 0;
      assert.equal(await answers({ ...settings, key }), false);
      assert.match(errors.join(''), /certificates of a trunk cannot be used/);
    }
    assert.deepEqual(clients, []);
  });
});
