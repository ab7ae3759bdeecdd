import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { urlHost } from '../../base/index.ts';
import type { CallQuality, IceUse, SrtpKeying, SrtpUse } from '../../contract/index.ts';
import { Baresip, type BaresipOptions } from './baresip.ts';
import { freePort } from './programs.ts';
import { TestServer } from './server.ts';
import { eventually } from './wait.ts';

export type SipProtocol = 'udp' | 'tcp' | 'tls';

export const PHONE_PASSWORD = 'a-secret-of-twelve';

/** An entry of the call history. */
export interface CallShown {
  callId: string;
  direction: string;
  trunk: string | null;
  codec: string | null;
  encryption: string | null;
  roomId: string | null;
  answeredAtMs: number | null;
  endedAtMs: number | null;
  endCause: string | null;
  sipStatus: number | null;
  transfer?: { target: string; sipStatus: number | null };
  mos: number | null;
  quality: CallQuality | null;
}

/** A real Canopy server with a phone gateway on free ports. */
export class PhoneServer {
  /** Level of a tone after the gain control has brought it to -24 dBov, relative to full scale. */
  static readonly voiceLevelDb = -21;
  readonly server: TestServer;
  readonly sipPort: number;
  readonly tlsPort: number;
  /** Loopback address for phones. */
  readonly host: string;

  private constructor(server: TestServer, sipPort: number, tlsPort: number, host = '127.0.0.1') {
    this.server = server;
    this.sipPort = sipPort;
    this.tlsPort = tlsPort;
    this.host = host;
  }

  static async start({
    flags = [],
    env = {},
    host = '127.0.0.1',
    dataDir,
  }: {
    flags?: string[];
    env?: Record<string, string>;
    /** Data folder of an earlier server; it is not removed. Default: a temporary one. */
    dataDir?: string;
    /** Loopback address for phones. Default 127.0.0.1. */
    host?: string;
  } = {}): Promise<PhoneServer> {
    const sipPort = await freePort();
    const tlsPort = await freePort();
    const server = await TestServer.start({
      phones: true,
      flags: ['--sip-port', `${sipPort}`, '--sip-tls-port', `${tlsPort}`, ...flags],
      env: { CANOPY_SIP_HOST: host, CANOPY_SIP_ANNOUNCE: host, ...env },
      ...(dataDir !== undefined && { dataDir }),
    });
    return new PhoneServer(server, sipPort, tlsPort, host);
  }

  /** Wraps a server whose phones use a separate gateway process. */
  static beside(server: TestServer, sipPort: number): PhoneServer {
    return new PhoneServer(server, sipPort, 0);
  }

  /** Process id of the running gateway, from the server's log. */
  get gatewayPid(): number {
    return Number([...this.server.log.matchAll(/"childPid":(\d+)[^\n]*phone gateway started/g)].at(-1)?.[1]);
  }

  /** Kills the gateway and waits until its successor has taken over this many calls. */
  async killGateway(calls: number): Promise<void> {
    const continued = () => this.server.log.split('"call continued"').length - 1;
    const before = continued();
    process.kill(this.gatewayPid, 'SIGKILL');
    await eventually('the calls go on', continued, (now) => now >= before + calls, 60_000);
  }

  /** Adds phones that may register. */
  async addPhones(...usernames: string[]): Promise<void> {
    for (const username of usernames) {
      await this.addPhone(username);
    }
  }

  /** Adds or changes a phone. */
  async addPhone(
    username: string,
    settings: { srtp?: SrtpUse; keying?: SrtpKeying; ice?: IceUse } = {},
  ): Promise<void> {
    await this.server.api('PUT', `/api/sip/phones/${username}`, {
      displayName: `Phone ${username}`,
      password: PHONE_PASSWORD,
      ...settings,
    });
  }

  async setDialPlan(rules: object[]): Promise<void> {
    await this.server.api('PUT', '/api/sip/dial-plan', { rules });
  }

  /** The SIP URI of a number at this server. */
  uri(number: string, protocol: SipProtocol = 'udp'): string {
    return `sip:${number}@${urlHost(this.host)}:${protocol === 'tls' ? this.tlsPort : this.sipPort};transport=${protocol}`;
  }

  /** A registered softphone with an account at this server. Codecs in baresip's notation, e.g. `PCMU/8000/1`. */
  async phone(
    username: string,
    {
      protocol = 'udp',
      codecs,
      account = '',
      ...options
    }: {
      protocol?: SipProtocol;
      codecs: string /** More parameters of baresip's account: `;dtmfmode=info`. */;
      account?: string;
    } & BaresipOptions,
  ): Promise<Baresip> {
    const phone = await Baresip.start(
      `<${this.uri(username, protocol)}>;auth_user=${username};auth_pass=${PHONE_PASSWORD};regint=60;audio_codecs=${codecs}${account}`,
      {
        record: true,
        host: this.host,
        ...(protocol === 'tls' && { certificate: this.#certificate() }),
        ...options,
      },
    );
    try {
      await phone.registered();
      return phone;
    } catch (error) {
      await phone.stop();
      throw error;
    }
  }

  /** The call history, latest first. */
  async calls(): Promise<CallShown[]> {
    return (await this.server.api<{ calls: CallShown[] }>('GET', '/api/sip/calls')).calls;
  }

  /**
   * Returns a function that waits until the latest of the calls that begin from now on is as expected. The history may not yet have a call
   * that the phone already knows to be over, so that its latest entry can be an earlier call.
   */
  async callsFromNow(): Promise<(isRight: (call: CallShown) => boolean) => Promise<CallShown>> {
    const earlier = new Set((await this.calls()).map(({ callId }) => callId));
    return async (isRight) => {
      const call = await eventually(
        'the history shows the call',
        async () => (await this.calls()).find(({ callId }) => !earlier.has(callId)),
        (latest) => latest !== undefined && isRight(latest),
      );
      return call as CallShown;
    };
  }

  /** Waits until nothing is left of any call: in SIP, in media or in rooms. */
  async untilIdle(): Promise<void> {
    await eventually(
      'no call has left anything behind',
      async () => {
        const metrics = await this.server.metrics();
        const left = (kind: string) => metrics.get(`canopy_sip_objects{kind="${kind}"}`);
        const objects = await this.server.objects();
        return {
          calls: left('calls'),
          dialogs: left('dialogs'),
          legs: left('legs'),
          mixers: left('rooms'),
          transports: objects.transports,
          producers: objects.producers,
          participants: objects.participants,
        };
      },
      (objects) => Object.values(objects).every((count) => count === 0),
    );
  }

  /** Waits until nothing is left of any call, and closes in any case: a server that runs on would keep its test file from ending. */
  async finish(): Promise<void> {
    try {
      await this.untilIdle();
    } finally {
      await this.close();
    }
  }

  close(): Promise<void> {
    return this.server.close();
  }

  /** The server's certificate, for baresip: it needs one for TLS, and then trusts it too. */
  #certificate(): string {
    const file = join(this.server.dataDir, 'phone.pem');
    const parts = ['tls.key', 'tls.pem'].map((name) => readFileSync(join(this.server.dataDir, name)));
    writeFileSync(file, Buffer.concat(parts), { mode: 0o600 });
    return file;
  }
}
