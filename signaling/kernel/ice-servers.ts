import { createHmac } from 'node:crypto';
import type { Config } from '../../base/index.ts';
import type { RequestResult } from '../../contract/index.ts';

type IceServers = RequestResult<'room.join'>['iceServers'];

/**
 * The ICE servers for a peer. For those in `turn.urls` it gets its own credentials, valid for `turn.ttlSeconds`
 * (draft-uberti-behave-turn-rest-00: the username is the expiry time and a name, the password its HMAC-SHA1 with the shared secret). The
 * name is the peer's id, so that the TURN server can limit each peer without learning anyone's identity.
 *
 * @param maxTtlSeconds shortens the lifetime of the credentials; default: `turn.ttlSeconds`
 */
export function iceServers(
  { rtc, turn }: Config,
  peerId: string,
  nowMs = Date.now(),
  maxTtlSeconds = turn.ttlSeconds,
): IceServers {
  const { urls, secret } = turn;
  const ttlSeconds = Math.min(turn.ttlSeconds, maxTtlSeconds);
  if (urls.length === 0 || secret === undefined) {
    return rtc.iceServers;
  }
  const username = `${Math.floor(nowMs / 1000) + ttlSeconds}:${peerId}`;
  const credential = createHmac('sha1', secret).update(username).digest('base64');
  return [...rtc.iceServers, { urls, username, credential }];
}
