import assert from 'node:assert/strict';

import { EventEmitter, once } from 'node:events';
import { describe, it } from 'node:test';
import { createLogger, loadConfig } from '../../base/index.ts';
import { AnnouncedHosts, announcedOf, type ListenAddress } from '../index.ts';

const log = createLogger({ level: 'silent', format: 'json' });
const announced = (listen: ListenAddress[]) =>
  listen.map(({ ip, announcedAddress }) => announcedAddress ?? ip);

describe('AnnouncedHosts', () => {
  it('announces the addresses of a name, never the name, which browsers do not resolve', async () => {
    const hosts = await AnnouncedHosts.resolve({
      announce: ['192.0.2.1', 'meet.example'],
      lookup: async () => ['203.0.113.8', '203.0.113.7'],
    });
    assert.deepEqual(announced(hosts.listen), ['192.0.2.1', '203.0.113.7', '203.0.113.8']);
    const system = await AnnouncedHosts.resolve({ announce: ['localhost'] });
    assert.ok(announced(system.listen).every((address) => /^(127\.|::1$)/.test(address)));
  });

  it('refuses a name without an address, naming the setting', async () => {
    await assert.rejects(AnnouncedHosts.resolve({ announce: ['nowhere.invalid'] }), {
      code: 'CONFIG_INVALID',
      detail: /rtc\.announce \("nowhere\.invalid"\): .* write the IP address/,
    });
  });

  it('follows changes of a name, and keeps the last address while it cannot be resolved', async (t) => {
    const answers = [['203.0.113.7'], ['203.0.113.7'], undefined, ['198.51.100.4']];
    const asked = new EventEmitter();
    const hosts = await AnnouncedHosts.resolve({
      announce: ['meet.example'],
      lookup: async () => {
        const answer = answers.length > 1 ? answers.shift() : answers[0];
        asked.emit('asked', answer);
        if (!answer) {
          throw Object.assign(new Error('no answer'), { code: 'EAI_AGAIN' });
        }
        return answer;
      },
      intervalMs: 5,
    });
    t.after(() => hosts.close());
    // The timer of watch() does not keep the process alive.
    const alive = setInterval(() => {}, 1000);
    t.after(() => clearInterval(alive));
    const changes: string[][] = [];
    const changed = new Promise<void>((resolve) => {
      hosts.watch(log, (listen) => {
        changes.push(announced(listen));
        resolve();
      });
    });
    let failed = false;
    while (!failed) {
      const [answer] = await once(asked, 'asked');
      failed = answer === undefined;
    }
    assert.deepEqual(announced(hosts.listen), ['203.0.113.7']);
    await changed;
    assert.deepEqual(changes, [['198.51.100.4']]);
  });
});

describe('announcedOf()', () => {
  const of = (flags: Record<string, unknown>) => announcedOf(loadConfig({ env: {}, flags }));

  it("is the setting or else the server's listening address, unless that is loopback", () => {
    assert.deepEqual(of({ 'rtc.announce': '203.0.113.7', 'server.host': '192.0.2.1' }), ['203.0.113.7']);
    assert.deepEqual(of({ 'server.host': '192.0.2.1' }), ['192.0.2.1']);
    for (const host of ['::', '0.0.0.0', '127.0.0.1', '::1', 'localhost']) {
      assert.deepEqual(of({ 'server.host': host }), [], host);
    }
  });
});
