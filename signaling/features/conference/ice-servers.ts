import { createHmac } from 'node:crypto';
import type { Config } from '../../../base/index.ts';
import type { RequestResult } from '../../../contract/index.ts';

type IceServers = RequestResult<'room.join'>['iceServers'];

/**
 * The ICE servers that a peer is told of. For those of `turn.urls` it gets credentials that are its own and hold for `turn.ttlSeconds`
 * (draft-uberti-behave-turn-rest-00: the user is the time of expiry and a name, the password the user's HMAC-SHA1 under the
 * shared secret). The name is the peer's id, so that a TURN server can limit each peer, and learns nobody's identity.
 */
export function iceServers({ rtc, turn }: Config, peerId: string, nowMs = Date.now()): IceServers {
  const { urls, secret, ttlSeconds } = turn;
  if (urls.length === 0 || secret === undefined) {
    return rtc.iceServers;
  }
  const username = `${Math.floor(nowMs / 1000) + ttlSeconds}:${peerId}`;
  const credential = createHmac('sha1', secret).update(username).digest('base64');
  return [...rtc.iceServers, { urls, username, credential }];
}
