import assert from 'node:assert/strict';
import type { Identity } from '../../client/sdk/index.ts';
import type { MediaKind, RtpCapabilities } from '../../contract/index.ts';
import { ProtocolClient } from './protocol-client.ts';
import { opus, simulcast } from './rtp-parameters.ts';

/** A client in a room with both transports. */
export class Seat {
  readonly client: ProtocolClient;
  readonly roomId: string;
  readonly peerId: string;
  readonly participantId: string;
  readonly send: string;
  readonly recv: string;

  private constructor(client: ProtocolClient, ids: Omit<Seat, 'client' | 'produce' | 'consume'>) {
    this.client = client;
    this.roomId = ids.roomId;
    this.peerId = ids.peerId;
    this.participantId = ids.participantId;
    this.send = ids.send;
    this.recv = ids.recv;
  }

  static async take(url: string, identity: Identity, roomId: string): Promise<Seat> {
    const client = await ProtocolClient.enter(url, identity);
    const { peerId, participantId = '', routerRtpCapabilities } = await client.get('room.join', { roomId });
    const rtpCapabilities = routerRtpCapabilities as RtpCapabilities;
    const send = await client.get('transport.create', { direction: 'send' });
    const recv = await client.get('transport.create', { direction: 'recv', rtpCapabilities });
    return new Seat(client, {
      roomId,
      peerId,
      participantId,
      send: send.transportId,
      recv: recv.transportId,
    });
  }

  async produce(kind: MediaKind = 'audio'): Promise<string> {
    const { producerId } = await this.client.get('producer.create', {
      transportId: this.send,
      kind,
      source: kind === 'audio' ? 'microphone' : 'camera',
      rtpParameters: kind === 'audio' ? opus() : simulcast(),
    });
    return producerId;
  }

  async consume(producerId: string): Promise<string> {
    const { consumers } = await this.client.get('consumer.create', {
      transportId: this.recv,
      producerIds: [producerId],
    });
    assert.ok(consumers[0], 'the producer can be consumed');
    return consumers[0].consumerId;
  }
}

/** Two people in a call, each receiving the other. Attacks on others must not affect them. */
export class Bystanders {
  readonly ann: Seat;
  readonly bob: Seat;
  readonly #producerIds: string[];
  readonly #consumerIds: string[];

  private constructor(ann: Seat, bob: Seat, producerIds: string[], consumerIds: string[]) {
    this.ann = ann;
    this.bob = bob;
    this.#producerIds = producerIds;
    this.#consumerIds = consumerIds;
  }

  static async start(url: string, ann: Identity, bob: Identity, roomId = 'bystanders'): Promise<Bystanders> {
    const first = await Seat.take(url, ann, roomId);
    const second = await Seat.take(url, bob, roomId);
    const producerIds = [await first.produce('video'), await second.produce('video')] as const;
    const consumerIds = [await first.consume(producerIds[1]), await second.consume(producerIds[0])];
    return new Bystanders(first, second, [...producerIds], consumerIds);
  }

  /** Asserts that both are still served: the worker answers requests about their objects, and none is lost. */
  async goOn(): Promise<void> {
    for (const [index, { client }] of [this.ann, this.bob].entries()) {
      const consumerId = this.#consumerIds[index] ?? '';
      await client.get('consumer.pause', { consumerIds: [consumerId] });
      await client.get('consumer.resume', { consumerIds: [consumerId] });
      await client.get('consumer.requestKeyFrame', { consumerId });
      assert.equal(client.count('room.rehome'), 0);
      assert.equal(
        client.count('producer.closed', ({ producerId }) => this.#producerIds.includes(producerId)),
        0,
      );
      assert.equal(client.count('consumer.closed'), 0);
    }
  }

  async leave(): Promise<void> {
    for (const { client } of [this.ann, this.bob]) {
      await client.get('room.leave', {});
      client.close();
    }
  }
}
