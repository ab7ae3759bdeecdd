import { setTimeout as delay } from 'node:timers/promises';
import { UdpRelay } from '../../../bench/index.ts';
import type { Identity } from '../../../client/sdk/index.ts';
import type { Baresip } from '../baresip.ts';
import { PHONE_PASSWORD, type SipProtocol } from '../phone-server.ts';
import { PjsuaPhone } from '../pjsua-phone.ts';
import { asHost, joined, shownAs } from './host.ts';
import { numberOf, PIN, PIN_NUMBER, PIN_ROOM, roomAt, type SoakRun } from './soak-run.ts';

/** What the remote phone's network does to its SIP. */
const FAR = [
  { atMs: 0, profile: { delayMs: 20, jitterMs: 5, loss: { kind: 'random' as const, share: 0.02 } } },
];
const RELAY_ADDRESS = '127.0.0.2';
const PAUSE_MS = 2000;

export interface CallerOptions {
  username: string;
  /** In baresip's notation: `PCMU/8000/1`. */
  codecs: string;
  protocol: SipProtocol;
}

/** A phone that registers, calls a room (by its number or with the PIN), mutes itself, holds and hangs up. */
export function callsIn(run: SoakRun, host: Identity, options: CallerOptions): Promise<void> {
  const { username, protocol } = options;
  return run.repeat(`call in over ${protocol}`, PAUSE_MS, async (time) => {
    const byPin = time % 3 === 2;
    const roomId = byPin ? PIN_ROOM : roomAt(time);
    await withPhone(run, options, (phone) =>
      asHost(run, host, roomId, async (witness) => {
        phone.command('dial', run.phones.uri(byPin ? PIN_NUMBER : numberOf(roomId), protocol));
        await phone.waitFor('CALL_ESTABLISHED');
        if (byPin) {
          phone.press(`${PIN}#`);
        }
        const participantId = await joined(witness, `Phone ${username}`);
        const { producer } = await witness.event(
          'producer.added',
          (event) => event.producer.participantId === participantId,
        );
        const isOwn = ({ producerId }: { producerId: string }) => producerId === producer.producerId;
        phone.press('*6');
        await witness.event('producer.paused', isOwn);
        phone.press('*6');
        await witness.event('producer.resumed', isOwn);
        phone.command('hold');
        await shownAs(witness, participantId, 'held');
        phone.command('resume');
        await shownAs(witness, participantId, 'answered');
        await delay(PAUSE_MS);
        phone.command('hangup');
        await phone.waitFor('CALL_CLOSED');
        await witness.event('participant.left', (left) => left.participantId === participantId);
      }),
    );
  });
}

/** A phone that is called from a room and over the API in turn, and sometimes does not answer. */
export function isCalled(run: SoakRun, host: Identity, options: CallerOptions): Promise<void> {
  const { username } = options;
  return run.repeat('call out', PAUSE_MS, async (time) => {
    const roomId = roomAt(time);
    await withPhone(run, options, (phone) =>
      asHost(run, host, roomId, async (caller) => {
        const byApi = time % 3 === 1;
        const { callId } = byApi
          ? await run.server.api<{ callId: string }>('POST', '/api/sip/calls', { roomId, target: username })
          : await caller.get('call.dial', { target: username });
        await phone.waitFor('CALL_INCOMING');
        const { participant } = await caller.event(
          'participant.joined',
          (event) => event.participant.kind === 'phone' && event.participant.callState === 'dialing',
        );
        const { participantId } = participant;
        if (time % 3 === 2) {
          phone.command('hangup');
          await caller.event('call.failed', (failed) => failed.callId === callId);
          return;
        }
        phone.command('accept');
        await shownAs(caller, participantId, 'answered');
        await caller.event('producer.added', (event) => event.producer.participantId === participantId);
        for (const muted of [true, false]) {
          await caller.get('participant.mute', { participantId, muted });
          await caller.event(muted ? 'producer.paused' : 'producer.resumed');
        }
        await delay(PAUSE_MS);
        if (byApi) {
          await run.server.api('DELETE', `/api/sip/calls/${callId}`);
        } else {
          await caller.get('participant.kick', { participantId });
        }
        await phone.waitFor('CALL_CLOSED');
      }),
    );
  });
}

/** A PJSIP phone whose SIP passes a relay that rewrites its address, delays and loses packets. */
export function callsFromAfar(run: SoakRun, username: string): Promise<void> {
  return run.repeat('call from afar', PAUSE_MS, async (time) => {
    const relay = await UdpRelay.create({
      listen: { address: RELAY_ADDRESS, port: 0 },
      upstream: { address: run.phones.host, port: run.phones.sipPort },
      up: FAR,
      down: FAR,
    });
    try {
      const phone = await PjsuaPhone.start({
        username,
        password: PHONE_PASSWORD,
        server: `${RELAY_ADDRESS}:${relay.address.port}`,
        address: '127.0.0.1',
        toneHz: 500,
        codecs: ['PCMA/8000/1'],
      });
      try {
        await phone.call(numberOf(roomAt(time)));
        await phone.hold(true);
        await phone.hold(false);
        phone.press('*6*6');
        await delay(PAUSE_MS);
        phone.hangUp();
        await phone.isIn('DISCONNECTED');
      } finally {
        await phone.stop();
      }
    } finally {
      relay.close();
    }
  });
}

async function withPhone(
  run: SoakRun,
  { username, codecs, protocol }: CallerOptions,
  act: (phone: Baresip) => Promise<void>,
): Promise<void> {
  const phone = await run.phones.phone(username, { protocol, codecs, record: false });
  try {
    await act(phone);
  } finally {
    await phone.stop();
  }
}
