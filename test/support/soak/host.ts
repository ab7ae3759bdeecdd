import type { Identity } from '../../../client/sdk/index.ts';
import { ProtocolClient } from '../protocol-client.ts';
import type { SoakRun } from './soak-run.ts';

/** Joins a room over the bare protocol, does something and leaves. */
export async function asHost<T>(
  run: SoakRun,
  identity: Identity,
  roomId: string,
  act: (host: ProtocolClient) => Promise<T>,
): Promise<T> {
  const host = await ProtocolClient.enter(run.server.url, identity);
  try {
    await host.get('room.join', { roomId });
    const result = await act(host);
    await host.get('room.leave', {});
    return result;
  } finally {
    host.close();
  }
}

/** Waits until a participant of this name has joined. Returns its id. */
export async function joined(host: ProtocolClient, displayName: string): Promise<string> {
  const { participant } = await host.event(
    'participant.joined',
    (event) => event.participant.displayName === displayName,
  );
  return participant.participantId;
}

/** Waits until a participant has been shown with this call state. */
export async function shownAs(
  host: ProtocolClient,
  participantId: string,
  callState: 'ringing' | 'answered' | 'held',
): Promise<void> {
  await host.event(
    'participant.updated',
    ({ participant }) => participant.participantId === participantId && participant.callState === callState,
  );
}
