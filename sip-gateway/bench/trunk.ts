import { api, type ServerWithPhones } from './room-call.ts';

/** Gives rooms their numbers, and accepts this machine as a trunk. */
export async function setUpTrunk(
  server: ServerWithPhones,
  rooms: ReadonlyArray<{ number: string; roomId: string }>,
  maxCalls: number,
): Promise<void> {
  const rules = rooms.map(({ number, roomId }) => ({ pattern: number, action: { type: 'room', roomId } }));
  await api(server, 'PUT', '/api/sip/dial-plan', { rules });
  await api(server, 'PUT', '/api/sip/trunks/bench', {
    uri: 'sip:127.0.0.1:9',
    addresses: ['127.0.0.1'],
    maxCalls,
  });
}
