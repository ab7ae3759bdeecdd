import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { ERROR_CODES } from '../base/index.ts';
import { TestBrowser } from './support/browser.ts';
import { untilBaseline } from './support/gauges.ts';
import { Person } from './support/person.ts';
import { TestServer } from './support/server.ts';
import { type Tamper, TamperingProxy } from './support/tampering-proxy.ts';

const FINGERPRINT = /(?:[0-9A-F]{2}:){31}[0-9A-F]{2}/g;
/** The attacker's fingerprint, of their own certificate. */
const FORGED = Array.from({ length: 32 }, () => 'AB').join(':');

describe('a proxy in front of the server', () => {
  let proxy: TamperingProxy;
  let server: TestServer;
  let browser: TestBrowser;
  let rewritten: number;

  before(async () => {
    proxy = await TamperingProxy.open();
    // The operator knows the proxy: its origin is allowed, so authentication passes and only the media binding is left to stop it.
    server = await TestServer.start({ flags: ['--public-url', proxy.url] });
    proxy.target = `http://127.0.0.1:${server.port}`;
    browser = await TestBrowser.launch();
  });
  after(async () => {
    await browser.close();
    await server.close();
    await proxy.close();
  });
  beforeEach(() => {
    proxy.tamper = (text) => text;
    rewritten = 0;
  });

  const arrive = async (name: string) => {
    const person = new Person(await browser.page(), name);
    await person.page.goto(await server.invite({ role: 'member', roomId: 'team' }));
    await person.page.getByTestId('name').fill(name);
    await person.page.getByTestId('enrol').click();
    await person.page.getByTestId('room').fill('team');
    return person;
  };
  const rewrite =
    (pattern: RegExp, direction: Parameters<Tamper>[1]): Tamper =>
    (text, towards) => {
      if (towards !== direction || !text.includes('fingerprint')) {
        return text;
      }
      return text.replace(pattern, () => {
        rewritten += 1;
        return FORGED;
      });
    };
  const failsWith = async (code: 'FINGERPRINT_UNSIGNED' | 'SERVER_UNVERIFIED') => {
    const person = await arrive('Eve');
    await person.click('join');
    await person.page
      .getByText(ERROR_CODES[code].message.split(':')[0] ?? code)
      .first()
      .waitFor();
    assert.ok(rewritten > 0, 'the proxy has rewritten something');
    assert.equal((await server.objects()).producers, 0);
    await person.page.close();
    await untilBaseline(server, 60_000);
  };

  it('that changes nothing does not affect the call', async () => {
    const [ann, bob] = [await arrive('Ann'), await arrive('Bob')];
    await ann.enter('team');
    await bob.enter('team');
    await Promise.all([ann.sees('Bob'), bob.sees('Ann')]);
    const metrics = await server.metrics();
    for (const stage of ['joined', 'media_connected', 'first_producer', 'first_consumer']) {
      assert.equal(metrics.get(`canopy_join_stage_seconds_count{stage="${stage}"}`), 2, stage);
    }
    for (const person of [ann, bob]) {
      await person.leave();
    }
    await untilBaseline(server);
  });

  it("that rewrites the device's DTLS fingerprint ends the call", async () => {
    proxy.tamper = rewrite(FINGERPRINT, 'to-server');
    await failsWith('FINGERPRINT_UNSIGNED');
    assert.ok(((await server.metrics()).get('canopy_errors_total{code="FINGERPRINT_UNSIGNED"}') ?? 0) > 0);
  });

  it("that rewrites the worker's DTLS fingerprint ends the call", async () => {
    proxy.tamper = rewrite(/(?<="value":")(?:[0-9A-F]{2}:){31}[0-9A-F]{2}/g, 'to-client');
    await failsWith('SERVER_UNVERIFIED');
  });

  it("that rewrites the worker's fingerprint and the signed statement ends the call", async () => {
    proxy.tamper = rewrite(FINGERPRINT, 'to-client');
    await failsWith('SERVER_UNVERIFIED');
  });
});
