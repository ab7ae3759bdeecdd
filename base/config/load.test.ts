import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { CanopyError } from '../errors/index.ts';
import { configKeys, loadConfig } from './index.ts';

describe('loadConfig()', () => {
  const dir = mkdtempSync(join(tmpdir(), 'canopy-config-'));
  after(() => rmSync(dir, { recursive: true }));
  const file = (content: unknown) => {
    const path = join(dir, 'canopy.json');
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
    return path;
  };
  const invalid = (sources: Parameters<typeof loadConfig>[0], detail: RegExp) =>
    assert.throws(
      () => loadConfig(sources),
      (error) =>
        error instanceof CanopyError && error.code === 'CONFIG_INVALID' && detail.test(error.detail ?? ''),
    );

  it('has a default for everything', () => {
    const config = loadConfig({ env: {} });
    assert.equal(config.server.port, 8443);
    assert.equal(config.rtc.port, 40_000);
    assert.deepEqual(config.rtc.announce, []);
  });

  it("refuses durations that exceed a timer's maximum, which would elapse at once", () => {
    for (const key of ['server.drainSeconds', 'limits.resumeSeconds']) {
      invalid({ env: {}, flags: { [key]: 2_147_484 } }, new RegExp(key));
    }
  });

  it('reads the bucket for recordings, and names what is missing', () => {
    const bucket = {
      'recording.s3Url': 'https://s3.example/meetings/canopy',
      'recording.s3AccessKey': 'key',
      'recording.s3Secret': 'se/cret',
    };
    const { s3Url, s3Region, s3UploadMbps } = loadConfig({ env: {}, flags: bucket }).recording;
    assert.deepEqual([s3Url, s3Region, s3UploadMbps], [bucket['recording.s3Url'], 'us-east-1', 50]);
    for (const [flags, message] of [
      [{ 'recording.s3Url': 's3://meetings' }, /^recording\.s3Url .*https:\/\/s3\.example\/bucket\/prefix$/],
      [{ 'recording.s3Url': undefined }, /go together/],
      [{ 'recording.s3AccessKey': undefined }, /go together/],
      [{ 'recording.s3Secret': undefined }, /go together/],
      [{ 'recording.s3SecretFile': 'file' }, /exclude each other/],
      [{ 'recording.s3Region': 'eu west' }, /^recording\.s3Region /],
    ] as const) {
      const flagged = { ...bucket, ...flags };
      assert.throws(
        () => loadConfig({ env: {}, flags: flagged }),
        ({ detail }: CanopyError) => message.test(detail ?? '') && !detail?.includes('se/cret'),
        message.source,
      );
    }
  });

  it('judges the settings of single sign-on, each alone and against each other', () => {
    const oidc = (flags: Record<string, unknown>) =>
      loadConfig({ env: {}, flags: { 'oidc.issuer': 'https://id.example', 'oidc.clientId': 'c', ...flags } })
        .oidc;
    assert.deepEqual(oidc({ 'oidc.allowedDomains': 'Example.com, b.example' }).allowedDomains, [
      'example.com',
      'b.example',
    ]);
    assert.equal(oidc({ 'oidc.issuer': 'http://127.0.0.1:9000/x' }).issuer, 'http://127.0.0.1:9000/x');
    for (const [flags, detail] of [
      [{ 'oidc.issuer': 'http://id.example' }, /^oidc\.issuer .*https/],
      [{ 'oidc.issuer': 'https://id.example?x' }, /^oidc\.issuer /],
      [{ 'oidc.issuer': 'https://u@id.example' }, /^oidc\.issuer/],
      [{ 'oidc.clientId': undefined }, /oidc\.issuer and oidc\.clientId/],
      [{ 'oidc.clientSecret': 'a', 'oidc.clientSecretFile': 'b' }, /exclude each other/],
      [{ 'oidc.scopes': 'email' }, /oidc\.scopes must contain openid/],
      [{ 'oidc.scopes': 'openid,a b' }, /oidc\.scopes .*without spaces/],
      [{ 'oidc.allowedDomains': '@b.example' }, /oidc\.allowedDomains .*domain/],
      [{ 'oidc.allowedClaim': 'hd' }, /oidc\.allowedClaim and oidc\.allowedValues/],
      [{ 'oidc.adminValues': 'it' }, /oidc\.roleClaim requires/],
      [{ 'oidc.defaultRole': 'bridge' }, /oidc\.defaultRole/],
    ] as const) {
      invalid(
        { env: {}, flags: { 'oidc.issuer': 'https://id.example', 'oidc.clientId': 'c', ...flags } },
        detail,
      );
    }
    try {
      oidc({ 'oidc.clientSecret': 'hush\nhush' });
      assert.fail();
    } catch (error) {
      assert.doesNotMatch((error as CanopyError).detail ?? '', /hush/);
    }
  });

  it('gives flags precedence over the environment, the file and the defaults, in this order', () => {
    const config = loadConfig({
      file: file({ server: { port: 1 }, rtc: { port: 2, workers: 3 } }),
      env: { CANOPY_RTC_PORT: '4', CANOPY_SERVER_PORT: '5', CANOPY_RTC_ANNOUNCE: '192.0.2.1, sfu.example' },
      flags: { 'server.port': '6', 'data.dir': undefined },
    });
    assert.equal(config.server.port, 6);
    assert.equal(config.rtc.port, 4);
    assert.equal(config.rtc.workers, 3);
    assert.deepEqual(config.rtc.announce, ['192.0.2.1', 'sfu.example']);
  });

  it('reads booleans from the environment', () => {
    assert.equal(loadConfig({ env: { CANOPY_MEDIA_AV1: 'true' } }).media.av1, true);
    assert.equal(loadConfig({ env: { CANOPY_MEDIA_AV1: '0' } }).media.av1, false);
    invalid({ env: { CANOPY_MEDIA_AV1: 'maybe' } }, /media\.av1/);
  });

  it('threat 25: trusts no proxy, one, or a given number', () => {
    const trusted = (trustProxy: unknown) =>
      loadConfig({ env: {}, flags: { 'server.trustProxy': trustProxy } }).server.trustProxy;
    assert.deepEqual([undefined, false, 'false', '0', 0].map(trusted), [0, 0, 0, 0, 0]);
    assert.deepEqual([true, 'true', '1', 1, '2', 3].map(trusted), [1, 1, 1, 1, 2, 3]);
    for (const wrong of ['maybe', '', '-1', '1.5', '99']) {
      invalid({ env: { CANOPY_SERVER_TRUST_PROXY: wrong } }, /server\.trustProxy .*: write a whole number/);
    }
  });

  it('names an unknown key and the closest existing one', () => {
    invalid({ file: file({ rtc: { prot: 1 } }), env: {} }, /rtc\.prot is unknown; did you mean rtc\.port\?/);
    invalid({ file: file({ sever: {} }), env: {} }, /sever is unknown; did you mean server\?/);
    invalid({ env: { CANOPY_RTC_PROT: '1' } }, /CANOPY_RTC_PROT is unknown; did you mean CANOPY_RTC_PORT\?/);
  });

  it('accepts the environment of the container image and the release', () => {
    const texts = ['Dockerfile', 'package/release.mjs'].map((file) =>
      readFileSync(new URL(`../../deploy/${file}`, import.meta.url), 'utf8'),
    );
    const variables = [...texts.join('').matchAll(/\b(CANOPY_[A-Z_]+):?=([^\s}]+)/g)].map(
      ([, name, value]) => [name, value],
    );
    assert.ok(variables.length >= 4);
    const config = loadConfig({ env: Object.fromEntries(variables) });
    assert.equal(config.data.dir, '/data');
  });

  it('names the key of a bad value', () => {
    invalid({ env: {}, flags: { 'server.port': '70000' } }, /server\.port/);
    invalid({ env: {}, flags: { 'log.level': 'loud' } }, /log\.level/);
  });

  it('validates every value, naming the key, the value and what to write instead', () => {
    const refused: Array<[key: string, value: unknown, detail: RegExp]> = [
      ['server.publicUrl', 'meet.example:8443', /\("meet\.example:8443"\): write a web origin/],
      ['server.publicUrl', 'ftp://meet.example', /write a web origin/],
      ['server.publicUrl', 'https://meet.example/canopy', /without a path/],
      ['server.publicUrl', 'https://user@meet.example', /write a web origin/],
      ['server.publicUrl', 'https:meet.example', /write a web origin/],
      ['server.origins', 'meet.example', /write a web origin/],
      ['server.origins', '*', /write a web origin/],
      ['server.origins', 'null', /write a web origin/],
      ['server.origins', 'localhost:3000', /write a web origin/],
      ['server.origins', 'https://a; https://b', /write a web origin/],
      ['server.origins', 'https://a.example,b.example', /\("b\.example"\)/],
      ['server.host', 'not an address!', /write an IP address of this machine/],
      ['server.host', '127.0.0.1:8443', /write an IP address of this machine/],
      ['sip.host', '[::1]', /write an IP address of this machine/],
      ['rtc.announce', '203.0.113.7:40000', /without scheme and port/],
      ['rtc.announce', 'https://meet.example', /without scheme and port/],
      ['rtc.announce', '203.0.113.777', /without scheme and port/],
      ['rtc.announce', '[2001:db8::7]', /without scheme and port/],
      ['rtc.announce', '203.0.113.7 203.0.113.8', /without scheme and port/],
      ['rtc.announce', 'fe80::1%eth0', /without scheme and port/],
      ['rtc.announce', '::', /without scheme and port/],
      ['sip.announce', 'sip:phones.example', /without scheme and port/],
      ['sip.signalingUrl', 'meet.example', /write a web origin/],
      ['turn.urls', 'turn.example:3478', /write stun:HOST, turn:HOST/],
      ['turn.urls', 'turn://turn.example', /write stun:HOST, turn:HOST/],
      ['turn.urls', 'https://turn.example', /write stun:HOST, turn:HOST/],
      ['turn.urls', 'turn:turn.example:99999', /write stun:HOST, turn:HOST/],
      ['turn.urls', 'turn:turn.example?transport=sctp', /write stun:HOST, turn:HOST/],
      ['rtc.iceServers', [{ urls: ['turn:turn.example'] }], /requires username and credential/],
      ['rtc.iceServers', [{ urls: ['stun.example'] }], /write stun:HOST/],
      ['rtc.iceServers', [{ urls: [] }], /at least one URL/],
      ['server.drainSeconds', 2_200_000, /from 0 to 2073600/],
      ['limits.resumeSeconds', '1e9', /from 0 to 2073600/],
      ['limits.requestsPerSecond', 0, /of at least 1/],
      ['server.port', 'abc', /\("abc"\): write a whole number from 0 to 65535/],
      ['server.port', '80.5', /write a whole number/],
      ['server.port', true, /write a whole number/],
      ['rtc.workers', -1, /write a whole number/],
      ['sip.codecs', 'opus,G722', /include PCMU or PCMA/],
      ['sip.codecs', 'PCMU,G729', /sip\.codecs/],
      ['sip.rtpPortMax', 29_999, /sip\.rtpPortMin and sip\.rtpPortMax/],
      ['sip.rtpPortMax', 30_000, /sip\.rtpPortMin and sip\.rtpPortMax/],
      ['server.tlsCert', 'cert.pem', /server\.tlsCert and server\.tlsKey go together/],
      ['identity.policy', 'pki', /identity\.policy pki requires identity\.caBundle/],
      ['server.name', 'Can\nopy', /without control characters/],
    ];
    for (const [key, value, detail] of refused) {
      invalid({ env: {}, flags: { [key]: value, 'turn.secret': 'secret' } }, detail);
      invalid({ env: {}, flags: { [key]: value, 'turn.secret': 'secret' } }, new RegExp(key));
    }
    invalid({ env: {}, flags: { 'rtc.port': 65_535, 'rtc.workers': 2 } }, /rtc\.port \(65535\).*write 65534/);
  });

  it('treats an empty environment variable as unset if the setting has no default', () => {
    const optional = configKeys().filter((key) => key.default === undefined);
    assert.ok(optional.some(({ path }) => path === 'sip.announce'));
    const env = Object.fromEntries(optional.map((key) => [key.env, '']));
    assert.deepEqual(loadConfig({ env }), loadConfig({ env: {} }));
    const config = loadConfig({ file: file({ sip: { announce: '192.0.2.1' } }), env });
    assert.equal(config.sip.announce, '192.0.2.1');
  });

  it('refuses an empty number instead of reading it as 0', () => {
    const numbers = configKeys().filter(({ type }) => type === 'integer' || type === 'number');
    assert.ok(numbers.length > 20);
    for (const { env, path } of numbers) {
      invalid({ env: { [env]: '' } }, new RegExp(`${path.replace('.', '\\.')} \\(""\\): write a`));
      invalid({ env: { [env]: ' ' } }, new RegExp(path));
    }
  });

  it('never shows secrets of refused settings', () => {
    invalid({ env: { CANOPY_TURN_SECRET: 'a\u0000hush', CANOPY_SERVER_PORT: 'x' } }, /^(?!.*hush)/);
  });

  it('threat 3: shows no secret that is in the wrong place, or in a file with a mistake in it', () => {
    for (const text of [
      '{"store":"postgres://canopy:hunter2@db/canopy"}',
      '{"turn":"hunter2"}',
      '{"server":{"publicUrl":"postgres://canopy:hunter2@db/canopy"}}',
      '{"turn":{"secret":"hunter2"x}}',
      '{"turn":{"secret":"hunter2}}',
      '{"turn":{"secret":hunter2}}',
    ]) {
      invalid({ file: file(text), env: {} }, /^(?!.*unter)./s);
    }
  });

  it('accepts what browsers accept, and normalises origins as they do', () => {
    const config = loadConfig({
      env: {},
      flags: {
        'server.publicUrl': 'HTTPS://Meet.Example:443/',
        'server.origins': 'http://[::1]:3000, https://app.example/',
        'rtc.announce': '203.0.113.7,2001:db8::7,meet.example,b\u00fccher.example',
        'turn.urls': 'turn:turn.example:3478,turns:[2001:db8::1]:443?transport=tcp,turn:192.0.2.1',
        'turn.secret': 'secret',
        'rtc.iceServers': [
          { urls: ['stun:stun.example:3478'] },
          { urls: ['turn:turn.example'], username: 'u', credential: 'c' },
        ],
      },
    });
    assert.equal(config.server.publicUrl, 'https://meet.example');
    assert.deepEqual(config.server.origins, ['http://[::1]:3000', 'https://app.example']);
    assert.equal(config.rtc.announce.length, 4);
    assert.equal(config.turn.urls.length, 3);
  });

  it('listens for SIP on the same host as for HTTP by default', () => {
    assert.equal(loadConfig({ env: {} }).sip.host, '::');
    assert.equal(loadConfig({ env: {}, flags: { 'server.host': '127.0.0.1' } }).sip.host, '127.0.0.1');
    const both = { 'server.host': '127.0.0.1', 'sip.host': '192.0.2.1' };
    assert.equal(loadConfig({ env: {}, flags: both }).sip.host, '192.0.2.1');
  });

  it('reports what is wrong with a file', () => {
    invalid({ file: join(dir, 'absent.json'), env: {} }, /cannot read/);
    invalid({ file: file('{'), env: {} }, /is not JSON/);
    invalid({ file: file('[]'), env: {} }, /must contain a JSON object/);
  });

  it('describes every key, each with its own environment variable', () => {
    const keys = configKeys();
    assert.ok(keys.length > 20);
    for (const key of keys) {
      assert.notEqual(key.description, '', key.path);
    }
    assert.equal(new Set(keys.map((key) => key.env)).size, keys.length);
    assert.equal(keys.find((key) => key.path === 'server.tlsCert')?.env, 'CANOPY_SERVER_TLS_CERT');
  });
});
