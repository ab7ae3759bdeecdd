import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { connect, type PeerCertificate } from 'node:tls';
import { Pebble } from './support/pebble.ts';
import { freePort } from './support/programs.ts';
import { TestServer } from './support/server.ts';
import { eventually } from './support/wait.ts';

describe('the HTTPS certificate from an ACME authority', { skip: await Pebble.missing() }, () => {
  let pebble: Pebble;
  let port: number;
  let dataDir: string;

  before(async () => {
    port = await freePort();
    pebble = await Pebble.start(port);
    dataDir = mkdtempSync(join(tmpdir(), 'canopy-acme-'));
  });
  after(() => {
    pebble.close();
    rmSync(dataDir, { recursive: true, force: true });
  });

  const start = (directory = pebble.directory) =>
    TestServer.start({
      dataDir,
      flags: ['--port', `${port}`],
      env: {
        CANOPY_ACME_DOMAINS: 'localhost',
        CANOPY_ACME_AGREE_TERMS: 'true',
        CANOPY_ACME_EMAIL: 'admin@example.com',
        CANOPY_ACME_DIRECTORY: directory,
        NODE_EXTRA_CA_CERTS: pebble.caFile,
      },
    });
  const presented = () =>
    new Promise<PeerCertificate>((resolve, reject) => {
      const socket = connect(
        { host: '127.0.0.1', port, servername: 'localhost', rejectUnauthorized: false },
        () => {
          resolve(socket.getPeerCertificate());
          socket.destroy();
        },
      ).on('error', reject);
    });
  const isPebbles = ({ issuer }: PeerCertificate) => /^Pebble/.test(`${issuer.CN}`);
  const status = () =>
    JSON.parse(readFileSync(join(dataDir, 'acme-status.json'), 'utf8')) as Record<string, unknown>;

  it('keeps the self-made one while the authority is away, says so, and does not ask again soon', async () => {
    const server = await start(`https://localhost:${await freePort()}/dir`);
    try {
      await eventually(
        'the failure is recorded',
        () => server.log,
        (log) => /no TLS certificate by ACME/.test(log),
      );
      assert.ok(!isPebbles(await presented()));
      assert.match(`${status().problem}`, /ECONNREFUSED/);
      assert.equal((await server.metrics()).get('canopy_acme_failures_total'), 1);
    } finally {
      await server.close();
    }
    rmSync(join(dataDir, 'acme-status.json'));
  });

  it('replaces the self-made one without a restart, and is kept over one', async () => {
    let server = await start();
    let serial: string;
    try {
      const certificate = await eventually('the certificate is in use', presented, isPebbles);
      assert.equal(certificate.subjectaltname, 'DNS:localhost');
      serial = certificate.serialNumber;
      for (const name of ['acme.pem', 'acme-account.pem']) {
        assert.equal(statSync(join(dataDir, name)).mode & 0o777, 0o600, name);
      }
      assert.equal(status().problem, '');
      const days =
        ((await server.metrics()).get('canopy_tls_certificate_expires_seconds') ?? 0) - Date.now() / 1000;
      assert.ok(days > 80 * 86_400 && days < 91 * 86_400, `${days}`);
    } finally {
      await server.close();
    }
    server = await start();
    try {
      assert.equal((await presented()).serialNumber, serial);
    } finally {
      await server.close();
    }
  });
});
