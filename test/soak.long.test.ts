import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { LoadPeer, runScenario, type Scenario } from '../bench/index.ts';
import type { Identity } from '../client/sdk/index.ts';
import { untilBaseline } from './support/gauges.ts';
import { memoryOf } from './support/memory.ts';
import { PhoneServer } from './support/phone-server.ts';
import { numberRooms, visitByPhone } from './support/phone-visitors.ts';
import { newIdentity } from './support/protocol-client.ts';
import { TestServer } from './support/server.ts';

/** How long people come and go, in minutes. */
const MINUTES = Number(process.env.SOAK_MINUTES ?? 60);
/** Rounds of the same load in the memory test; the first half warms up. */
const ROUNDS = Number(process.env.SOAK_ROUNDS ?? 20);
const ROOMS = 4;
const SEATS_PER_ROOM = 4;
const PHONES = 4;
/** How much a process may have more open than after the first minute: sockets that close, files that are being written. */
const MORE_DESCRIPTORS = 20;
/** How much more the last quarter of the rounds may hold than the quarter before it, in bytes: what a garbage collector leaves, no trend. */
const GROWTH_BYTES = 16 << 20;

const LOAD: Scenario = {
  name: 'soak',
  description: 'People who come and go',
  rooms: ROOMS,
  peersPerRoom: SEATS_PER_ROOM,
  joinsPerSecond: 8,
  durationSeconds: 3,
  video: { codec: 'vp8', layers: '180p' },
  talkersPerRoom: 1,
  decodedStreams: 0,
};

interface RoomList {
  rooms: { roomId: string; participants: { participantId: string; kind: string }[] }[];
}

/** Open descriptors of the server, of its gateway, and of each worker. */
async function descriptors({ server, gatewayPid }: PhoneServer): Promise<number[]> {
  const pids = [server.pid, gatewayPid, ...(await server.workerPids())];
  return Promise.all(pids.map(async (pid) => (await readdir(`/proc/${pid}/fd`)).length));
}

/** Memory of the server's Node process and of its workers together, in bytes. */
async function memory(server: TestServer): Promise<{ node: number; workers: number }> {
  const pids = await server.workerPids();
  return { node: memoryOf(server.pid), workers: pids.reduce((sum, pid) => sum + memoryOf(pid), 0) };
}

const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1] ?? 0;

describe('soak', () => {
  it(`${MINUTES} minutes of people and phones coming and going in ${ROOMS} rooms leave nothing behind`, async (t) => {
    const phones = await PhoneServer.start();
    const { server } = phones;
    try {
      const roomIds = Array.from({ length: ROOMS }, (_, index) => `soak-${index}`);
      await numberRooms(phones, roomIds);
      const pids = await server.workerPids();
      const endMs = performance.now() + MINUTES * 60_000;
      let visits = 0;
      let actions = 0;
      /** Somebody who visits a room again and again, for 3 to 18 seconds, with a pause of 1 to 4. */
      const live = async (identity: Identity, index: number) => {
        const roomId = `soak-${index % ROOMS}`;
        for (let visit = 0; performance.now() < endMs; visit += 1) {
          const plan = { index, roomId, invitation: '', talks: index < ROOMS, decodes: false };
          const peer = await LoadPeer.create({ serverUrl: server.url, scenario: LOAD, plan, identity });
          assert.equal(await peer.join(), undefined);
          await delay(3000 + ((index * 7 + visit * 5) % 16) * 1000);
          const { audioStreams, videoStreams } = await peer.finish();
          // Each phone is one voice more in the room that it has called.
          assert.ok(
            audioStreams < SEATS_PER_ROOM + PHONES && videoStreams < SEATS_PER_ROOM,
            'no ghosts in the room',
          );
          await peer.leave();
          visits += 1;
          await delay(1000 + ((index + visit) % 4) * 1000);
        }
      };
      /** The operator, who looks at the rooms every two seconds, and mutes a phone, or hangs it up, now and then. */
      const operate = async () => {
        for (let look = 1; performance.now() < endMs; look += 1) {
          await delay(2000);
          const { rooms } = await server.api<RoomList>('GET', '/api/rooms');
          const phone = rooms.flatMap(({ roomId, participants }) =>
            participants.filter(({ kind }) => kind === 'phone').map((one) => ({ roomId, ...one })),
          )[0];
          if (!phone || look % 4 > 0) continue;
          const path = `/api/rooms/${phone.roomId}/participants/${phone.participantId}/mute`;
          // It may have left meanwhile.
          await server.api('POST', path, { muted: look % 8 > 0 }).catch((error: Error) => {
            assert.match(error.message, /PARTICIPANT_UNKNOWN|ROOM_UNKNOWN/);
          });
          actions += 1;
        }
      };
      let early: number[] | undefined;
      const report = setInterval(async () => {
        const { node, workers } = await memory(server);
        const gateway = memoryOf(phones.gatewayPid);
        early ??= await descriptors(phones);
        t.diagnostic(
          `${visits} visits; Node ${mebibytes(node)}, workers ${mebibytes(workers)}, gateway ${mebibytes(gateway)}`,
        );
      }, 60_000);
      try {
        const people = Array.from({ length: ROOMS * SEATS_PER_ROOM }, () => newIdentity(server));
        const lives = (await Promise.all(people)).map(live);
        const visitors = Array.from({ length: PHONES }, (_, index) =>
          visitByPhone(phones, { index, rooms: ROOMS, endMs }),
        );
        const [calls] = await Promise.all([Promise.all(visitors), ...lives, operate()]);
        t.diagnostic(
          `${visits} visits, ${calls.reduce((sum, count) => sum + count, 0)} calls, ${actions} mutes`,
        );
      } finally {
        clearInterval(report);
      }
      await phones.untilIdle();
      // The gateway's control connection stays.
      await untilBaseline(server, 30_000, 1);
      const late = await descriptors(phones);
      t.diagnostic(`descriptors after the first minute: ${early}; at the end: ${late}`);
      for (const [index, count] of late.entries()) {
        assert.ok(
          count <= (early?.[index] ?? count) + MORE_DESCRIPTORS,
          `descriptors: ${early}, then ${late}`,
        );
      }
      assert.deepEqual(await server.workerPids(), pids, 'no worker died');
      const metrics = await server.metrics();
      assert.equal(metrics.get('canopy_errors_total{code="INTERNAL"}') ?? 0, 0);
    } finally {
      await server.close();
    }
  });

  it(`memory stays flat over ${ROUNDS} rounds of the same load`, async (t) => {
    const server = await TestServer.start({ flags: ['--workers', '1'] });
    try {
      const apiKey = (await readFile(join(server.dataDir, 'api.key'), 'utf8')).trim();
      const samples: Array<{ node: number; workers: number }> = [];
      for (let round = 1; round <= ROUNDS; round += 1) {
        const run = await runScenario(LOAD, { url: server.url, apiKey }, () => undefined);
        assert.deepEqual(
          run.peers.flatMap(({ error }) => error ?? []),
          [],
        );
        await untilBaseline(server);
        const sample = await memory(server);
        samples.push(sample);
        t.diagnostic(`round ${round}: Node ${mebibytes(sample.node)}, worker ${mebibytes(sample.workers)}`);
      }
      const quarter = Math.max(1, Math.floor(ROUNDS / 4));
      for (const kind of ['node', 'workers'] as const) {
        const values = samples.map((sample) => sample[kind]);
        const [earlier, later] = [values.slice(-2 * quarter, -quarter), values.slice(-quarter)];
        const growth = median(later) - median(earlier);
        t.diagnostic(`${kind}: ${mebibytes(growth)} more in the last quarter than in the one before`);
        assert.ok(growth < GROWTH_BYTES, `${kind} grew by ${mebibytes(growth)}`);
      }
    } finally {
      await server.close();
    }
  });
});
