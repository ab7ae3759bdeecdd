import { jwtVerify, SignJWT } from 'jose';
import { CanopyError } from '../../../base/index.ts';
import type { Role } from '../../../contract/index.ts';

/** A ticket's claims: the device, and its peer in the room. */
export interface TicketClaims {
  roomId: string;
  peerId: string;
  deviceId: string;
  displayName: string;
  role: Role;
}

/** Signs and verifies the tickets with which peers rejoin a re-homed room. All nodes of a deployment share the key. */
export class Tickets {
  readonly #key: Uint8Array;

  /** @param key at least 32 secret bytes, the same on every node */
  constructor(key: Uint8Array) {
    this.#key = key;
  }

  async issue({ deviceId, ...claims }: TicketClaims): Promise<string> {
    return new SignJWT({ ...claims })
      .setProtectedHeader({ alg: 'HS256', typ: 'canopy-ticket' })
      .setSubject(deviceId)
      .setIssuedAt()
      .setExpirationTime('5 min')
      .sign(this.#key);
  }

  /** @throws {CanopyError} TICKET_INVALID - expired, not ours, or for another device or room */
  async verify(ticket: string, expected: { deviceId: string; roomId: string }): Promise<TicketClaims> {
    try {
      const { payload } = await jwtVerify<Omit<TicketClaims, 'deviceId'>>(ticket, this.#key, {
        algorithms: ['HS256'],
        typ: 'canopy-ticket',
        subject: expected.deviceId,
      });
      if (payload.roomId === expected.roomId) {
        const { roomId, peerId, displayName, role } = payload;
        return { roomId, peerId, displayName, role, deviceId: expected.deviceId };
      }
    } catch (error) {
      throw new CanopyError('TICKET_INVALID', undefined, { cause: error });
    }
    throw new CanopyError('TICKET_INVALID', 'issued for another room');
  }
}
