import { EventEmitter, once } from 'node:events';
import { MediaLink } from '../../client/node/index.ts';
import type { Identity } from '../../client/sdk/index.ts';
import type { RequestResult, RtpCapabilities } from '../../contract/index.ts';
import { ProtocolClient } from './protocol-client.ts';
import { opus } from './rtp-parameters.ts';

type TransportInfo = RequestResult<'transport.create'>;

/** A connected transport that sends any packet, correctly encrypted. */
export class RawLink {
  readonly info: TransportInfo;
  readonly #link: MediaLink;
  readonly #arrivals = new EventEmitter<{ rtp: [Buffer]; rtcp: [Buffer]; state: [string] }>();
  #state = 'new';

  constructor(info: TransportInfo) {
    this.info = info;
    this.#link = new MediaLink(
      { iceServers: [], relayOnly: false },
      {
        onRtp: (packet) => this.#arrivals.emit('rtp', packet),
        onRtcp: (packet) => this.#arrivals.emit('rtcp', packet),
        onState: (state) => {
          this.#state = state;
          this.#arrivals.emit('state', state);
        },
      },
    );
  }

  get counters(): MediaLink['counters'] {
    return this.#link.counters;
  }

  async connect(client: ProtocolClient, identity: Identity): Promise<void> {
    const { dtlsParameters } = this.#link;
    const { transportId } = this.info;
    const fingerprint = dtlsParameters.fingerprints[0]?.value ?? '';
    const signature = await identity.bindDtls({ transportId, fingerprint });
    await client.get('transport.connect', {
      transportId,
      dtlsParameters: { role: 'client', fingerprints: [{ algorithm: 'sha-256', value: fingerprint }] },
      signature,
    });
    this.#link.connect(this.info as Parameters<MediaLink['connect']>[0]);
    const signal = AbortSignal.timeout(30_000);
    while (this.#state !== 'connected') {
      await once(this.#arrivals, 'state', { signal });
    }
  }

  /** Returns false if the link is not up. */
  send(packet: Buffer): boolean {
    return this.#link.send(packet);
  }

  /** The next matching RTP packet. */
  async rtp(fits: (packet: Buffer) => boolean = () => true): Promise<Buffer> {
    const signal = AbortSignal.timeout(30_000);
    for (;;) {
      const [packet] = (await once(this.#arrivals, 'rtp', { signal })) as [Buffer];
      if (fits(packet)) {
        return packet;
      }
    }
  }

  onRtcp(listener: (packet: Buffer) => void): void {
    this.#arrivals.on('rtcp', listener);
  }

  close(): void {
    this.#link.close();
  }
}

/** An authorised participant who sends forged packets. */
export class RawPeer {
  readonly client: ProtocolClient;
  readonly producers: RequestResult<'room.join'>['producers'];
  readonly send: RawLink;
  readonly recv: RawLink;

  private constructor(
    client: ProtocolClient,
    producers: RequestResult<'room.join'>['producers'],
    send: RawLink,
    recv: RawLink,
  ) {
    this.client = client;
    this.producers = producers;
    this.send = send;
    this.recv = recv;
  }

  static async enter(url: string, identity: Identity, roomId: string): Promise<RawPeer> {
    const client = await ProtocolClient.enter(url, identity);
    const { producers, routerRtpCapabilities } = await client.get('room.join', { roomId });
    const rtpCapabilities = routerRtpCapabilities as RtpCapabilities;
    const send = new RawLink(await client.get('transport.create', { direction: 'send' }));
    const recv = new RawLink(await client.get('transport.create', { direction: 'recv', rtpCapabilities }));
    await Promise.all([send, recv].map((link) => link.connect(client, identity)));
    return new RawPeer(client, producers, send, recv);
  }

  /** Announces a microphone, whose packets may be anything. */
  async announceAudio(mid: string, ssrc: number): Promise<void> {
    await this.client.get('producer.create', {
      transportId: this.send.info.transportId,
      kind: 'audio',
      source: 'microphone',
      rtpParameters: { ...opus(), mid, encodings: [{ ssrc }] },
    });
  }

  async leave(): Promise<void> {
    await this.client.get('room.leave', {});
    this.client.close();
    this.send.close();
    this.recv.close();
  }
}
