import { createSocket, type Socket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { type Answer, decode, encode, RECURSION_AVAILABLE } from 'dns-packet';

/** A name server on loopback with the records of a test. Names that it does not know do not exist. */
export class DnsServer {
  /** Answers by type and name: `SRV _sip._udp.pbx.test`. */
  readonly records = new Map<string, Answer[]>();
  /** Questions, in order. */
  readonly asked: string[] = [];
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('message', (bytes, { address, port }) => {
      const { id, questions = [] } = decode(bytes);
      const [question] = questions;
      const key = `${question?.type} ${question?.name}`;
      this.asked.push(key);
      const answers = this.records.get(key);
      const NAME_ERROR = 3;
      const flags = RECURSION_AVAILABLE | (answers ? 0 : NAME_ERROR);
      socket.send(encode({ type: 'response', id, flags, questions, answers: answers ?? [] }), port, address);
    });
  }

  static async start(): Promise<DnsServer> {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return new DnsServer(socket);
  }

  /** Adds an SRV record. */
  srv(name: string, target: string, port: number, priority = 0, weight = 0): void {
    this.#add({ type: 'SRV', name, data: { target, port, priority, weight } });
  }

  naptr(name: string, order: number, service: string, replacement: string, flags = 's'): void {
    const data = { order, preference: 0, flags, services: service, regexp: '', replacement };
    this.#add({ type: 'NAPTR', name, data });
  }

  a(name: string, address: string): void {
    this.#add({ type: 'A', name, data: address });
  }

  /** Lookups by this server. */
  get lookups() {
    const resolver = new Resolver({ timeout: 1000, tries: 1 });
    resolver.setServers([`127.0.0.1:${this.#socket.address().port}`]);
    return {
      resolveNaptr: (name: string) => resolver.resolveNaptr(name),
      resolveSrv: (name: string) => resolver.resolveSrv(name),
      lookup: async (name: string) => (await resolver.resolve4(name)).map((address) => ({ address })),
    };
  }

  close(): void {
    this.#socket.close();
  }

  #add(answer: Answer & { type: string; name: string }): void {
    const key = `${answer.type} ${answer.name}`;
    this.records.set(key, [...(this.records.get(key) ?? []), answer]);
  }
}
