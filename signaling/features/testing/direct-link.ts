import { randomUUID } from 'node:crypto';
import { createLogger, type ErrorCode } from '../../../base/index.ts';
import type { Answer, RequestName, RequestResult } from '../../../contract/index.ts';
import type { Arrival, Link } from '../../../test/support/log-member.ts';
import type { VerifiedDevice } from '../../identity/index.ts';
import type { Kernel, PeerConnection, Session } from '../../kernel/index.ts';

/** A connection with more unread messages is ended as a slow reader. */
const MAX_UNREAD = 30;

/** An in-process connection to the request handlers. */
export class DirectLink implements Link {
  readonly session: Session;
  readonly #kernel: Kernel;

  /** @param arrive receives what the server sends, and returns the number of unread messages */
  constructor(
    kernel: Kernel,
    accountId: string,
    arrive: (link: DirectLink, arrival: Arrival) => number,
    deviceId = accountId,
  ) {
    this.#kernel = kernel;
    const origin = 'http://localhost';
    const end = (code: ErrorCode) => {
      if (this.session.closed) {
        return;
      }
      arrive(this, { ended: code });
      this.cut(true);
    };
    const connection: PeerConnection = {
      origin,
      send: (event, data) => {
        if (this.session.closed) {
          return;
        }
        const unread = arrive(this, { event, data: JSON.parse(JSON.stringify(data)) });
        // Ends during the send, as a real connection does when its queue is too long.
        if (unread > MAX_UNREAD) {
          end('SLOW_READER');
        }
      },
      end,
    };
    const device = { deviceId, accountId, accountAlias: accountId.slice(0, 40) } as VerifiedDevice;
    this.session = {
      connectionId: randomUUID(),
      connection,
      address: '::1',
      openedAtMs: 0,
      stages: new Set(),
      nonce: null,
      principal: {
        device,
        accountId,
        displayName: 'Somebody',
        role: 'member',
        kind: 'device',
        chain: [],
        origin,
      },
      holder: { device: accountId, account: accountId },
      releases: [],
      seat: null,
      joining: false,
      closed: false,
      log: createLogger({ level: 'silent', format: 'json' }),
    };
  }

  async request(name: RequestName, data: unknown): Promise<Answer<unknown>> {
    const answer = await this.#kernel.dispatcher.dispatch(this.session, name, { id: randomUUID(), data });
    if (!answer.ok && answer.error.code === 'INTERNAL') {
      throw new Error(JSON.stringify(answer));
    }
    return answer;
  }

  /** The result of a request that must succeed. */
  async get<N extends RequestName>(name: N, data: unknown): Promise<RequestResult<N>> {
    const answer = await this.request(name, data);
    if (!answer.ok) {
      throw new Error(`${name}: ${JSON.stringify(answer)}`);
    }
    return answer.result as RequestResult<N>;
  }

  /** Cuts the connection. Unless `noticed`, the server keeps sending to it. */
  cut(noticed: boolean): void {
    if (!noticed || this.session.closed) {
      return;
    }
    this.session.closed = true;
    const { seat, connection } = this.session;
    seat?.room.detach(seat.peer, connection);
    for (const release of this.session.releases.splice(0)) {
      release();
    }
  }
}
