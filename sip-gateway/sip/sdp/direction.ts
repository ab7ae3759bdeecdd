export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

function sends(direction: Direction): boolean {
  return direction === 'sendrecv' || direction === 'sendonly';
}

function receives(direction: Direction): boolean {
  return direction === 'sendrecv' || direction === 'recvonly';
}

function directionOf(send: boolean, receive: boolean): Direction {
  if (send) {
    return receive ? 'sendrecv' : 'sendonly';
  }
  return receive ? 'recvonly' : 'inactive';
}

/**
 * Our direction, given the peer's and the wanted one (RFC 3264 §6.1): we send only if the peer receives, and receive only if it sends.
 * `reachable`: false for the connection address 0.0.0.0, the old form of hold (§8.4).
 */
export function answerDirection(remote: Direction, wanted: Direction, reachable: boolean): Direction {
  return directionOf(receives(remote) && reachable && sends(wanted), sends(remote) && receives(wanted));
}
