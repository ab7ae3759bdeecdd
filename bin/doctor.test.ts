import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
// biome-ignore lint/plugin: the test makes a CA with another clock
import { Authority } from '../signaling/identity/index.ts';
import { PostgresServer } from '../test/support/postgres.ts';
import { SignOnProvider } from '../test/support/sign-on-provider.ts';

const CANOPY = fileURLToPath(new URL('canopy.ts', import.meta.url));

describe('canopy doctor', () => {
  let dataDir: string;

  before(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'canopy-doctor-'));
  });
  after(() => rm(dataDir, { recursive: true, force: true }));

  /** Settings come as environment variables. Where none names a port, free ones are tried. */
  async function doctor(env: Record<string, string> = {}, dir = dataDir): Promise<string> {
    const ports = ['--port', '0', '--rtc-port', '0'];
    const run = promisify(execFile)(
      process.execPath,
      [CANOPY, 'doctor', '--data', dir, '--announce', '127.0.0.1', '--workers', '1', ...ports],
      { env: { ...process.env, CANOPY_SIP_PORT: '0', CANOPY_SIP_TLS_PORT: '0', ...env } },
    );
    const { stdout, stderr } = await run.catch((error: { stdout: string; stderr: string }) => error);
    return stdout + stderr;
  }

  test('shows the codecs and the UDP of the add-ons', async () => {
    const said = await doctor();
    assert.match(
      said,
      /^ok {4}codecs {8}PCMU, PCMA, G722, opus, GSM, speex\/8000, speex\/16000, speex\/32000, AMR-WB, AMR-WB\/octet-align \(native, /m,
    );
    assert.match(said, /^ok {4}phone UDP {5}native$/m);
    assert.match(said, /^ok {4}phone DTLS {4}OpenSSL/m);
    assert.match(said, /^ok {4}phone SRTP {4}AEAD_AES_256_GCM, .*AES_CM_128_HMAC_SHA1_80/m);
  });

  test('says what to install for live streams, if there may be any', async () => {
    const env = { GST_PLUGIN_SYSTEM_PATH_1_0: dataDir, GST_REGISTRY_1_0: join(dataDir, 'registry') };
    const said = await doctor({ ...env, CANOPY_LIVE_HLS: 'true' });
    assert.match(said, /^warn {2}live {10}GStreamer is incomplete \(.*install Debian’s python3-gi, /m);
    assert.doesNotMatch(await doctor(env), /GStreamer/);
  });

  test('says whether ffmpeg can make videos of recordings', async () => {
    assert.match(await doctor(), /^ok {4}videos {8}ffmpeg can /m);
    assert.match(
      await doctor({ PATH: dataDir }),
      /^warn {2}videos {8}ffmpeg is not installed, .*apt-get install/m,
    );
  });

  test('says what is wrong with the hold music', async () => {
    const music = join(dataDir, 'music.wav');
    await writeFile(music, 'no music');
    const said = await doctor({ CANOPY_SIP_HOLD_MUSIC: music });
    assert.match(said, /^fail {2}hold music {4}sip\.holdMusic: .*music\.wav: this is no WAV file$/m);
  });

  test('says which add-on is missing, what works without it, and how to build it', async () => {
    const said = await doctor({
      CANOPY_CODECS: '/nowhere',
      CANOPY_UDP: '/nowhere',
      CANOPY_SRTP: '/nowhere',
      CANOPY_DTLS: '/nowhere',
    });
    assert.match(said, /^warn {2}codecs {8}PCMU, PCMA, opus \(portable, /m);
    assert.match(
      said,
      /^warn {2}codecs {8}The native codecs are not built; run node sip-gateway\/codecs\/build\.mjs/m,
    );
    assert.match(said, /^warn {2}phone UDP {5}portable$/m);
    assert.match(said, /^warn {2}phone UDP {5}The add-on .* is not built; run node base\/udp\/build\.mjs/m);
    assert.match(
      said,
      /^warn {2}phone SRTP {4}The add-on .* is not built; run node sip-gateway\/media\/srtp\/build\.mjs/m,
    );
  });

  test('asks the sign-on provider, and says what to register there or why it does not answer', async () => {
    const provider = await SignOnProvider.start('http://localhost:8443');
    const env = {
      CANOPY_OIDC_ISSUER: provider.issuer,
      CANOPY_OIDC_CLIENT_ID: 'canopy',
      CANOPY_SERVER_PUBLIC_URL: 'https://meet.example',
    };
    try {
      assert.match(
        await doctor(env),
        /^ok {4}sign-on {7}http:\/\/localhost:\d+ answers; register https:\/\/meet\.example\/api\/sign-on\/callback/m,
      );
    } finally {
      await provider.close();
    }
    assert.match(await doctor(env), /^warn {2}sign-on {7}oidc\.issuer: .*ECONNREFUSED/m);
  });

  test('tries the database at store.url, and ends soon although it asks for a password', {
    skip: PostgresServer.missing ?? false,
  }, async (t) => {
    const postgres = await PostgresServer.start();
    t.after(() => postgres.close());
    const url = await postgres.createDatabase();
    const where = url.replace('canopy@', '');
    const empty = await doctor({ CANOPY_STORE_URL: url });
    assert.match(empty, new RegExp(`^ok {4}database {6}${where} is empty`, 'm'));
    const missing = await doctor({ CANOPY_STORE_URL: `${url}x` });
    assert.match(missing, new RegExp(`^fail {2}database {6}${where}x: 3D000: .*does not exist`, 'm'));
    const dir = await mkdtemp(join(tmpdir(), 'canopy-doctor-'));
    t.after(() => rm(dir, { recursive: true }));
    await writeFile(join(dir, 'canopy.sqlite'), '');
    const unmoved = await doctor({ CANOPY_STORE_URL: url }, dir);
    assert.match(unmoved, /^warn {2}database {6}.*canopy\.sqlite is not used.*canopy migrate/m);
    await postgres.demandPasswords();
    const startedMs = performance.now();
    const refused = await doctor({ CANOPY_STORE_URL: url });
    assert.match(refused, new RegExp(`^fail {2}database {6}${where}: .*password`, 'm'));
    // PostgreSQL itself gives a client a minute.
    assert.ok(performance.now() - startedMs < 40_000);
  });

  test('probes the ports of SIP and media, and says which are in use and what to do', async (t) => {
    const host = '127.0.0.1';
    const [sip, tls] = [createServer().listen(0, host), createServer().listen(0, host)];
    const rtp = createSocket('udp4').bind(0, host);
    t.after(() => {
      sip.close();
      tls.close();
      rtp.close();
    });
    await Promise.all([once(sip, 'listening'), once(tls, 'listening'), once(rtp, 'listening')]);
    const [sipPort, tlsPort] = [sip, tls].map((each) => (each.address() as AddressInfo).port);
    const first = rtp.address().port - (rtp.address().port % 2);
    const said = await doctor({
      CANOPY_SIP_HOST: host,
      CANOPY_SIP_PORT: `${sipPort}`,
      CANOPY_SIP_TLS_PORT: `${tlsPort}`,
      CANOPY_SIP_RTP_PORT_MIN: `${first}`,
      CANOPY_SIP_RTP_PORT_MAX: `${first + 1}`,
    });
    const taken = (port: number | undefined, option: string) =>
      `TCP 127\\.0\\.0\\.1 port ${port}: EADDRINUSE; choose another with ${option}`;
    assert.match(said, new RegExp(`^fail {2}sip port {6}${taken(sipPort, '--sip-port')}`, 'm'));
    assert.match(said, new RegExp(`^fail {2}sip tls port {2}${taken(tlsPort, '--sip-tls-port')}`, 'm'));
    assert.match(said, /^Not ready: 2 failures, /m);
    assert.match(
      said,
      new RegExp(
        `^warn {2}rtp ports {5}UDP ${first} to ${first + 1}: 1 in use, .* leaves 0 concurrent calls; change sip\\.rtp`,
        'm',
      ),
    );
  });

  test('says how many calls the free media ports allow, even if none', async () => {
    const settings = { CANOPY_SERVER_TLS: 'off', CANOPY_SIP_RTP_PORT_MIN: '30000' };
    const free = await doctor({ ...settings, CANOPY_SIP_RTP_PORT_MAX: '30003' });
    assert.match(free, /^(ok {4}|warn {2})rtp ports {5}UDP 30000 to 30003.* [0-2] concurrent calls/m);
    assert.doesNotMatch(free, /sip tls port/);
    assert.match(free, /^Ready to start: no failures, /m);
  });

  test('checks the configuration as the server does at its start', async () => {
    for (const [name, value, key] of [
      ['CANOPY_SIP_RTP_PORT_MAX', '29999', /sip\.rtpPortMin/],
      ['CANOPY_SERVER_ORIGINS', 'meet.example', /server\.origins/],
      ['CANOPY_SERVER_PUBLIC_URL', 'https://meet.example/canopy', /server\.publicUrl/],
      ['CANOPY_TURN_URLS', 'turn.example:3478', /turn\.urls/],
    ] as const) {
      const said = await doctor({ [name]: value });
      assert.match(said, /CONFIG_INVALID/);
      assert.match(said, key);
    }
  });

  test('names unusable TLS files, as the server does', async () => {
    const empty = join(dataDir, 'empty.pem');
    await writeFile(empty, '');
    const said = await doctor({
      CANOPY_SERVER_TLS_CERT: empty,
      CANOPY_SERVER_TLS_KEY: empty,
    });
    assert.match(said, /^fail {2}certificate {3}server\.tlsCert: .*empty\.pem: the file is empty/m);
  });

  test('says that nobody can sign in yet if the CA was created with a fast clock', async (t) => {
    const dir = await mkdtemp(join(tmpdir(), 'canopy-doctor-clock-'));
    t.after(() => rm(dir, { recursive: true, force: true }));
    await Authority.open({ dir, name: 'Test', now: () => Date.now() + 365 * 86_400_000 });
    const said = await doctor({ CANOPY_SIP_ENABLED: 'false' }, dir);
    assert.match(
      said,
      /^fail {2}certificate {3}the deployment CA is not valid before .*, so nobody can sign in/m,
    );
  });

  test('reads the files of a company’s PKI as the server does', async () => {
    const bundle = join(dataDir, 'bundle.pem');
    await writeFile(bundle, 'rubbish');
    const said = await doctor({ CANOPY_IDENTITY_POLICY: 'pki', CANOPY_IDENTITY_CA_BUNDLE: bundle });
    assert.match(said, /^fail {2}certificate {3}identity\.caBundle: no certificate in /m);
  });
});
