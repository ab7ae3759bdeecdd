import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { Identity } from '../../client/sdk/index.ts';
import { ProtocolClient } from './protocol-client.ts';
import { Stranger } from './stranger.ts';
import { bindingRequest, parseAnswer } from './stun.ts';

/** Who asks and who answers in DTLS, as the participant announces it for themselves. */
type DtlsRole = 'client' | 'server';

/** An authorised participant with a bare UDP socket instead of a WebRTC stack: ICE is done, and DTLS is up to the test. */
export class RawIce {
  readonly client: ProtocolClient;
  readonly socket: Stranger;
  readonly #ice: { usernameFragment: string; password: string };

  private constructor(client: ProtocolClient, socket: Stranger, ice: RawIce['ice']) {
    this.client = client;
    this.socket = socket;
    this.#ice = ice;
  }

  static async enter(
    server: { url: string; worker: { address: string; port: number } },
    identity: Identity,
    roomId: string,
    role: DtlsRole,
  ): Promise<RawIce> {
    const client = await ProtocolClient.enter(server.url, identity);
    await client.get('room.join', { roomId });
    const { transportId, iceParameters } = await client.get('transport.create', { direction: 'send' });
    const peer = new RawIce(client, await Stranger.open(server.worker), iceParameters);
    assert.equal((await peer.check())?.class, 'success');
    const fingerprint = (randomBytes(32).toString('hex').toUpperCase().match(/../g) ?? []).join(':');
    await client.get('transport.connect', {
      transportId,
      dtlsParameters: { role, fingerprints: [{ algorithm: 'sha-256', value: fingerprint }] },
      signature: await identity.bindDtls({ transportId, fingerprint }),
    });
    return peer;
  }

  /** What a correct connectivity check contains. */
  get ice(): { usernameFragment: string; password: string } {
    return this.#ice;
  }

  /** A connectivity check, and its answer. */
  async check(): Promise<ReturnType<typeof parseAnswer>> {
    const answer = await this.socket.ask(bindingRequest(this.#ice));
    return answer && parseAnswer(answer);
  }

  async leave(): Promise<void> {
    await this.client.get('room.leave', {});
    this.client.close();
    this.socket.close();
  }
}
