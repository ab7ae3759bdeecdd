import assert from 'node:assert/strict';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';
import type { Baresip } from '../support/baresip.ts';
import { PhoneServer } from '../support/phone-server.ts';
import { TonePerson } from '../support/tone-person.ts';
import { eventually } from '../support/wait.ts';
import { crashWorkerThread } from '../support/worker-thread.ts';

/** A thread that lived longer did not crash because of its calls, in milliseconds. */
const LONG_LIFE_MS = 10_000;
const PHONE_HZ = 700;
const ROOM_HZ = 1100;

describe('phone calls whose media thread dies', () => {
  let server: PhoneServer;
  let startedMs: number;
  /** Number of the gateway's UDP sockets without calls. */
  let sockets: number;
  let calls: Array<{ phone: Baresip; person: TonePerson; number: string }>;

  before(async () => {
    server = await PhoneServer.start({
      env: { CANOPY_SIP_MEDIA_THREADS: '1', NODE_OPTIONS: '--inspect=127.0.0.1:0' },
    });
    startedMs = performance.now();
    await server.addPhones('1001', '1002');
    await server.setDialPlan([
      { pattern: '101', action: { type: 'room', roomId: 'one' } },
      { pattern: '102', action: { type: 'room', roomId: 'two' } },
    ]);
    sockets = await udpSockets(server.gatewayPid);
    calls = [];
    for (const [username, number, roomId, codecs] of [
      ['1001', '101', 'one', 'PCMU/8000/1'],
      ['1002', '102', 'two', 'opus/48000/2'],
    ] as const) {
      const person = await TonePerson.enter(server.server, roomId, ROOM_HZ);
      const phone = await server.phone(username, { codecs, toneHz: PHONE_HZ });
      calls.push({ phone, person, number });
    }
  });
  after(async () => {
    for (const { phone, person } of calls) {
      await Promise.all([phone.stop(), person.leave()]);
    }
    await server.finish();
  });

  async function callIn(): Promise<void> {
    for (const { phone, number } of calls) {
      phone.command('dial', server.uri(number));
      await phone.waitFor('CALL_ESTABLISHED');
    }
    await allHear();
  }

  function allHear(): Promise<unknown> {
    return Promise.all(
      calls.flatMap(({ phone, person }) => [
        person.hears(PHONE_HZ, PhoneServer.voiceLevelDb),
        phone.hears(ROOM_HZ, TonePerson.toneLevelDb),
      ]),
    );
  }

  async function causes(): Promise<Array<string | null>> {
    return (await server.calls()).map(({ endCause }) => endCause);
  }

  it('continue after a moment, with audio both ways on the same sockets; if they crash it again at once, they end and new calls work', async (t) => {
    await callIn();
    const inCalls = await udpSockets(server.gatewayPid);
    await eventually('the thread has lived long', () => performance.now() - startedMs > LONG_LIFE_MS + 1000);

    const diedMs = performance.now();
    await crashWorkerThread(server.server.log, 'media');
    await allHear();
    t.diagnostic(
      `all heard each other for a second ${Math.round(performance.now() - diedMs)} ms after the death`,
    );
    assert.match(server.server.log, /media thread died.*/);
    assert.deepEqual(await causes(), [null, null]);
    const metrics = await server.server.metrics();
    assert.equal(metrics.get('canopy_sip_objects{kind="legs"}'), 2);
    assert.equal(metrics.get('canopy_sip_objects{kind="rooms"}'), 2);
    assert.equal(await udpSockets(server.gatewayPid), inCalls);

    await crashWorkerThread(server.server.log, 'media');
    for (const { phone } of calls) {
      await phone.waitFor('CALL_CLOSED');
    }
    await eventually('the history knows the end', causes, (all) => all.every((cause) => cause === 'failed'));
    await eventually(
      'only the people are left',
      () => server.server.objects(),
      ({ participants, producers }) => participants === 2 && producers === 2,
    );
    await callIn();
    for (const { phone } of calls) {
      phone.command('hangup');
      await phone.waitFor('CALL_CLOSED');
    }
    await eventually(
      'its sockets are closed',
      () => udpSockets(server.gatewayPid),
      (count) => count === sockets,
    );
  });
});

/** Number of a process's UDP sockets. */
async function udpSockets(pid: number): Promise<number> {
  const tables = await Promise.all(
    ['udp', 'udp6'].map((name) => readFile(`/proc/${pid}/net/${name}`, 'utf8')),
  );
  const inodes = new Set(
    tables.flatMap((table) => table.split('\n').map((line) => line.trim().split(/\s+/)[9])),
  );
  const links = await Promise.all(
    (await readdir(`/proc/${pid}/fd`)).map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')),
  );
  return links.filter((link) => inodes.has(/^socket:\[(\d+)\]$/.exec(link)?.[1])).length;
}
