import { type Handlers, requirePrincipal } from '../../kernel/index.ts';
import type { STREAM_REQUESTS } from './contract.ts';
import type { KeyAdministration } from './key-administration.ts';

/** Handlers for people who make keys for programs. */
export function keyHandlers(administration: KeyAdministration): Handlers<keyof typeof STREAM_REQUESTS> {
  return {
    'stream.createKey': (session, { roomId, ...given }) =>
      administration.create(requirePrincipal(session), roomId, given),

    'stream.listKeys': (session, { roomId }) => administration.list(requirePrincipal(session), roomId),

    'stream.revokeKey': async (session, { keyId }) => {
      await administration.revoke(requirePrincipal(session), keyId);
      return {};
    },
  };
}
