import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { Participant, RequestResult } from '../../contract/index.ts';
import { emptySnapshot, ScriptedServer } from '../../test/support/scripted-server.ts';
import { Connection } from './connection.ts';
import { enrol } from './identity/index.ts';
import { RoomSession } from './room-session.ts';

const uuid = () => crypto.randomUUID();
const PEER = uuid();

function participant(displayName: string, peerId = uuid()): Participant {
  const accountId = 'a'.repeat(64);
  return {
    participantId: uuid(),
    peerId,
    accountId,
    displayName,
    kind: 'user',
    role: 'member',
    connected: true,
  };
}

describe('RoomSession', () => {
  let server: ScriptedServer;
  let connection: Connection;
  let snapshot: Omit<RequestResult<'room.join'>, 'log'>;
  /** What the session emitted, in order. */
  let told: string[];

  beforeEach(async () => {
    server = await ScriptedServer.start();
    told = [];
    snapshot = emptySnapshot(PEER);
    server.script['auth.prove'] = () => ({}) as never;
    server.script['room.join'] = () => snapshot;
    const { url, fetch } = server;
    const identity = await enrol({ serverUrl: url, secret: 'any', displayName: 'Ada', fetch });
    connection = new Connection({ url, identity });
    await connection.open();
  });
  afterEach(async () => {
    connection.close();
    await server.close();
  });

  async function enter(options: { othersOnly?: boolean } = {}): Promise<RoomSession> {
    const session = new RoomSession({
      roomId: 'demo',
      connection,
      dropMedia: () => {},
      renewMedia: () => {},
      entered: ({ resumed }) => told.push(resumed ? 'returned' : 'entered'),
      closed: () => {},
      ...options,
    });
    session.on('participant-joined', ({ displayName }) => told.push(`${displayName} joined`));
    session.on('participant-left', ({ displayName }) => told.push(`${displayName} left`));
    await session.enter();
    return session;
  }

  const nextState = (session: RoomSession, wanted: string): Promise<void> =>
    new Promise((resolve) => {
      const off = session.on('state', (state) => {
        if (state !== wanted) {
          return;
        }
        off();
        resolve();
      });
    });

  it('reconnects if a log entry is missing, and applies each entry once and in order', async () => {
    const [bob, carol, dave] = [participant('Bob'), participant('Carol'), participant('Dave')];
    const left = ({ participantId }: Participant) => ({ participantId, reason: 'left' }) as const;
    const session = await enter();
    server.emit('participant.joined', { participant: bob });
    server.append('participant.joined', { participant: carol });
    server.append('participant.left', left(carol));
    server.script['room.join'] = () => {
      // Overtakes the answer to join, which does not include it.
      server.emit('participant.left', left(bob));
      return { ...snapshot, resumed: true, participants: [bob, dave] };
    };
    const returned = nextState(session, 'connected');
    server.emit('participant.joined', { participant: dave });
    const { data } = await server.request('room.join', 2);
    assert.deepEqual([data.resume.peerId, data.resume.since.seq], [PEER, 1]);
    await returned;
    const expected = ['Bob joined', 'Carol joined', 'Carol left', 'Dave joined', 'returned', 'Bob left'];
    assert.deepEqual(told, ['entered', ...expected]);
    assert.deepEqual([...session.roster.participants.values()], [dave]);
  });

  it('lists only participants that others host, with othersOnly', async () => {
    const [own, another, bob] = [participant('Own', PEER), participant('Another', PEER), participant('Bob')];
    snapshot.participants = [own];
    const session = await enter({ othersOnly: true });
    const joined = new Promise((resolve) => session.once('participant-joined', resolve));
    server.emit('participant.joined', { participant: another });
    server.emit('participant.updated', { participant: own });
    server.emit('participant.joined', { participant: bob });
    assert.deepEqual(await joined, bob);
    assert.deepEqual(told, ['entered', 'Bob joined']);
  });
});
