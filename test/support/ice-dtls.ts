/** A client that consists of a STUN request and `openssl s_client`, for tests of transports without a browser. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ClientDtlsParameters, TransportInfo } from '../../sfu/index.ts';
import { bindingRequest } from './stun.ts';

const run = promisify(execFile);

export class IceDtlsClient {
  readonly #folder: string;
  readonly #children: ChildProcess[] = [];
  readonly certificate: X509Certificate;

  static async create(): Promise<IceDtlsClient> {
    const folder = await mkdtemp(join(tmpdir(), 'canopy-dtls-'));
    const key = [
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-keyout',
      join(folder, 'key.pem'),
    ];
    const subject = ['-subj', '/CN=client', '-days', '1', '-out', join(folder, 'cert.pem')];
    await run('openssl', ['req', '-x509', ...key, ...subject]);
    return new IceDtlsClient(folder, await readFile(join(folder, 'cert.pem'), 'utf8'));
  }

  private constructor(folder: string, certificate: string) {
    this.#folder = folder;
    this.certificate = new X509Certificate(certificate);
  }

  get dtlsParameters(): ClientDtlsParameters {
    return {
      role: 'client',
      fingerprints: [{ algorithm: 'sha-256', value: this.certificate.fingerprint256 }],
    };
  }

  /** Performs an ICE check from a new port. Resolves with that port once the check is answered. */
  async connectIce(transport: TransportInfo): Promise<number> {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    await this.#check(socket, transport);
    const { port } = socket.address();
    socket.close();
    await once(socket, 'close');
    return port;
  }

  async #check(socket: Socket, transport: TransportInfo): Promise<void> {
    const candidate = transport.iceCandidates.find(({ protocol }) => protocol === 'udp');
    socket.send(bindingRequest(transport.iceParameters), candidate?.port ?? 0, candidate?.address);
    await once(socket, 'message');
  }

  /** Starts a DTLS handshake from the port of the ICE check. */
  startDtls(transport: TransportInfo, fromPort: number): void {
    const candidate = transport.iceCandidates.find(({ protocol }) => protocol === 'udp');
    const child = spawn(
      'openssl',
      [
        ...['s_client', '-dtls1_2', '-use_srtp', 'SRTP_AES128_CM_SHA1_80'],
        ...['-bind', `127.0.0.1:${fromPort}`, '-connect', `${candidate?.address}:${candidate?.port}`],
        ...['-cert', join(this.#folder, 'cert.pem'), '-key', join(this.#folder, 'key.pem')],
      ],
      { stdio: ['pipe', 'ignore', 'ignore'] },
    );
    this.#children.push(child);
  }

  /** Ends the started handshakes, each with a close_notify alert. */
  async stopDtls(): Promise<void> {
    for (const child of this.#children.splice(0)) {
      const exited = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined;
      child.stdin?.end();
      await exited;
    }
  }

  async close(): Promise<void> {
    for (const child of this.#children.splice(0)) {
      child.kill('SIGKILL');
    }
    await rm(this.#folder, { recursive: true });
  }
}
