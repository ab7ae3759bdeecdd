import { setTimeout as delay } from 'node:timers/promises';
import type { PhoneServer } from './phone-server.ts';

/** Codecs of the visiting phones, as baresip names them. */
const CODECS = ['PCMU/8000/1', 'G722/16000/1', 'opus/48000/2', 'PCMA/8000/1'];

/** Gives each room a number to call: 100, 101 and so on. */
export async function numberRooms(phones: PhoneServer, roomIds: readonly string[]): Promise<void> {
  await phones.setDialPlan(
    roomIds.map((roomId, index) => ({ pattern: `${100 + index}`, action: { type: 'room', roomId } })),
  );
}

/**
 * A phone that calls one room after the other until `performance.now()` has reached `endMs`: it holds and resumes every third call, and
 * hangs up after 3 to 12 s. Returns how many calls it made; rejects if one is not answered.
 */
export async function visitByPhone(
  phones: PhoneServer,
  { index, rooms, endMs }: { index: number; rooms: number; endMs: number },
): Promise<number> {
  const username = `20${10 + index}`;
  await phones.addPhones(username);
  const phone = await phones.phone(username, { codecs: CODECS[index % CODECS.length] ?? '', record: false });
  let calls = 0;
  try {
    for (; performance.now() < endMs; calls += 1) {
      phone.command('dial', phones.uri(`${100 + ((index + calls) % rooms)}`));
      await phone.waitFor('CALL_ESTABLISHED');
      if (calls % 3 === 0) {
        await delay(500);
        phone.command('hold');
        await delay(1000);
        phone.command('resume');
      }
      await delay(3000 + ((index * 5 + calls * 7) % 10) * 1000);
      phone.command('hangup');
      await phone.waitFor('CALL_CLOSED');
      await delay(500 + (calls % 4) * 1000);
    }
  } finally {
    await phone.stop();
  }
  return calls;
}
