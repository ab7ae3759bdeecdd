import type { Extension } from 'ts-mls';
import { equalBytes } from '../x509/index.ts';
import { refuse } from './refuse.ts';

/** The extension of the group's context that carries the room and its policy: in the range for private use (RFC 9420 section 17.3). */
export const POLICY_EXTENSION = 0xf0ca;

/**
 * What ties a group to its room and to the room's policy. It is in the context that every key of the group depends on, so that a server
 * that tells people different policies gets them different keys.
 */
export function policyExtension(roomId: string, policy: string): Extension {
  const text = `canopy/room-policy/1\n${roomId}\n${policy}`;
  return { extensionType: POLICY_EXTENSION, extensionData: new TextEncoder().encode(text) };
}

/** @throws {CanopyError} ENCRYPTION_INVALID - the group is for another room or another policy */
export function requirePolicy(
  extensions: readonly Extension[],
  room: { roomId: string; policy: string },
): void {
  const [only] = extensions;
  const expected = policyExtension(room.roomId, room.policy);
  if (
    extensions.length !== 1 ||
    only?.extensionType !== POLICY_EXTENSION ||
    !equalBytes(only.extensionData, expected.extensionData)
  ) {
    refuse('the group has another policy, or is that of another room');
  }
}
