import type { Extension } from 'ts-mls';
import { equalBytes } from '../x509/index.ts';
import { refuse } from './refuse.ts';

/** The extension of the group's context that carries the room and its policy: in the range for private use (RFC 9420 section 17.3). */
export const POLICY_EXTENSION = 0xf0ca;

/** What a group is for. All of it is in the context that every key of the group depends on. */
export interface GroupRoom {
  readonly roomId: string;
  readonly policy: string;
  /**
   * The authorities of which each member's certificate path needs one: SHA-256 of their keys (SPKI), 64 hex digits each, sorted. Every
   * member knows them all, so that each can judge everybody who may come.
   */
  readonly authorities: readonly string[];
}

/**
 * What ties a group to its room, to the room's policy and to the authorities of its members. A server that tells people different ones gets
 * them different keys.
 */
export function policyExtension({ roomId, policy, authorities }: GroupRoom): Extension {
  const text = ['canopy/room-policy/2', roomId, policy, ...authorities].join('\n');
  return { extensionType: POLICY_EXTENSION, extensionData: new TextEncoder().encode(text) };
}

/** @throws {CanopyError} ENCRYPTION_INVALID - the group is for another room, policy or authorities */
export function requirePolicy(extensions: readonly Extension[], room: GroupRoom): void {
  const [only] = extensions;
  const expected = policyExtension(room);
  if (
    extensions.length !== 1 ||
    only?.extensionType !== POLICY_EXTENSION ||
    !equalBytes(only.extensionData, expected.extensionData)
  ) {
    refuse('the group has another policy or other authorities, or is that of another room');
  }
}
