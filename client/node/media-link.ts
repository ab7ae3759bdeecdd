import type { types } from 'mediasoup-client';
import datachannel, { type PeerConnection, type Track } from 'node-datachannel';
import { CanopyError } from '../../contract/light.ts';
import { isRtcp } from './rtp/index.ts';

/** Events of a link. Called from native code, so listeners must not throw. */
export interface MediaLinkEvents {
  onRtp(packet: Buffer): void;
  onRtcp(packet: Buffer): void;
  onState(state: types.ConnectionState): void;
}

/** Traffic of a link: RTP and RTCP packets, and bytes before SRTP. STUN and DTLS are not counted. */
export interface LinkCounters {
  sentPackets: number;
  sentBytes: number;
  receivedPackets: number;
  receivedBytes: number;
}

export interface MediaLinkOptions {
  iceServers: readonly RTCIceServer[];
  relayOnly: boolean;
}

/** The server's side of a link. */
export interface RemoteMedia {
  iceParameters: types.IceParameters;
  iceCandidates: readonly types.IceCandidate[];
  dtlsParameters: types.DtlsParameters;
}

/** The payload type in the link's only media section. Never negotiated: any other passes as well. */
const SECTION_PAYLOAD_TYPE = 96;
/** Delay in milliseconds after which closed connections have reported their end. */
const CLEANUP_DELAY_MS = 100;

/** Links that use the native library. */
let libraryUsers = 0;
let cleanupTimer: NodeJS.Timeout | undefined;

/**
 * One ICE and DTLS-SRTP association over node-datachannel, carrying RTP and RTCP of any SSRC and payload type both ways. Its SDP has a
 * single media section, to which libdatachannel delivers everything that arrives. Senders and receivers are arranged outside of SDP, so it
 * is never renegotiated.
 */
export class MediaLink {
  readonly counters: LinkCounters = { sentPackets: 0, sentBytes: 0, receivedPackets: 0, receivedBytes: 0 };
  readonly #connection: PeerConnection;
  readonly #track: Track;
  readonly #events: MediaLinkEvents;
  #open = false;
  #closed = false;

  constructor(options: MediaLinkOptions, events: MediaLinkEvents) {
    this.#events = events;
    holdNativeLibrary();
    this.#connection = new datachannel.PeerConnection('canopy', {
      iceServers: options.iceServers.flatMap(nativeIceServers),
      iceTransportPolicy: options.relayOnly ? 'relay' : 'all',
      disableAutoNegotiation: true,
    });
    const section = new datachannel.Video('0', 'SendRecv');
    section.addVP8Codec(SECTION_PAYLOAD_TYPE);
    this.#track = this.#connection.addTrack(section);
    // An exception in one of these callbacks would end the process.
    this.#track.onOpen(() => {
      this.#open = true;
    });
    this.#track.onMessage((packet) => guard(() => this.#receive(packet)));
    this.#connection.onStateChange((state) => guard(() => this.#changeState(state)));
    this.#connection.setLocalDescription('offer');
  }

  /** The local DTLS parameters; we are the DTLS client. */
  get dtlsParameters(): types.DtlsParameters {
    const sdp = this.#connection.localDescription()?.sdp ?? '';
    const value = /^a=fingerprint:sha-256 ([0-9A-F:]+)/m.exec(sdp)?.[1];
    if (!value) {
      throw new CanopyError('INTERNAL', 'no DTLS fingerprint');
    }
    return { role: 'client', fingerprints: [{ algorithm: 'sha-256', value }] };
  }

  /** The local ICE credentials, for servers that want to know them. */
  get iceParameters(): types.IceParameters {
    const sdp = this.#connection.localDescription()?.sdp ?? '';
    return {
      usernameFragment: /^a=ice-ufrag:(\S+)/m.exec(sdp)?.[1] ?? '',
      password: /^a=ice-pwd:(\S+)/m.exec(sdp)?.[1] ?? '',
    };
  }

  /** Starts ICE and DTLS with an ICE-lite server. */
  connect(remote: RemoteMedia): void {
    this.#connection.setRemoteDescription(answerSdp(remote), 'answer');
  }

  /** Sends an RTP or RTCP packet. Returns false if the link is not up. */
  send(packet: Buffer): boolean {
    if (!this.#open || this.#closed) {
      return false;
    }
    try {
      if (!this.#track.sendMessageBinary(packet)) {
        return false;
      }
      this.counters.sentPackets++;
      this.counters.sentBytes += packet.length;
      return true;
    } catch {
      // libdatachannel throws between losing the connection and reporting it.
      return false;
    }
  }

  close(): void {
    if (this.#closed) {
      return;
    }
    this.#closed = true;
    this.#connection.close();
    releaseNativeLibrary();
  }

  #receive(packet: Buffer): void {
    if (this.#closed) {
      return;
    }
    this.counters.receivedPackets++;
    this.counters.receivedBytes += packet.length;
    if (isRtcp(packet)) {
      this.#events.onRtcp(packet);
    } else {
      this.#events.onRtp(packet);
    }
  }

  #changeState(state: string): void {
    if (this.#closed) {
      return;
    }
    this.#events.onState(state as types.ConnectionState);
  }
}

function guard(callback: () => void): void {
  try {
    callback();
  } catch (error) {
    process.emitWarning(error instanceof Error ? error : String(error));
  }
}

function nativeIceServers({ urls, username, credential }: RTCIceServer): string[] {
  return [urls].flat().map((url) => {
    if (username === undefined || credential === undefined) {
      return url;
    }
    const [scheme, rest] = [url.slice(0, url.indexOf(':')), url.slice(url.indexOf(':') + 1)];
    return `${scheme}:${encodeURIComponent(username)}:${encodeURIComponent(credential)}@${rest}`;
  });
}

function answerSdp(remote: RemoteMedia): string {
  const { fingerprints } = remote.dtlsParameters;
  const fingerprint = fingerprints.find(({ algorithm }) => algorithm === 'sha-256') ?? fingerprints[0];
  if (!fingerprint) {
    throw new CanopyError('FINGERPRINT_INVALID', 'the server sent no fingerprint');
  }
  const candidates = remote.iceCandidates
    .filter(({ protocol }) => protocol === 'udp')
    .map(
      (c) => `a=candidate:${c.foundation} 1 udp ${c.priority} ${c.address ?? c.ip} ${c.port} typ ${c.type}`,
    );
  return [
    'v=0',
    'o=- 1 1 IN IP4 0.0.0.0',
    's=-',
    't=0 0',
    'a=ice-lite',
    'a=group:BUNDLE 0',
    `a=fingerprint:${fingerprint.algorithm} ${fingerprint.value}`,
    `m=video 9 UDP/TLS/RTP/SAVPF ${SECTION_PAYLOAD_TYPE}`,
    'c=IN IP4 0.0.0.0',
    'a=mid:0',
    'a=sendrecv',
    'a=setup:passive',
    'a=rtcp-mux',
    `a=rtpmap:${SECTION_PAYLOAD_TYPE} VP8/90000`,
    `a=ice-ufrag:${remote.iceParameters.usernameFragment}`,
    `a=ice-pwd:${remote.iceParameters.password}`,
    ...candidates,
    'a=end-of-candidates',
    '',
  ].join('\r\n');
}

/** Registers a user of the native library. */
function holdNativeLibrary(): void {
  libraryUsers++;
  clearTimeout(cleanupTimer);
}

/**
 * Releases the native library. node-datachannel's callbacks, even those of closed connections, keep the process alive until its cleanup, so
 * it is cleaned up after the last user. It can be used again afterwards.
 */
function releaseNativeLibrary(): void {
  libraryUsers--;
  if (libraryUsers > 0) {
    return;
  }
  cleanupTimer = setTimeout(() => datachannel.cleanup(), CLEANUP_DELAY_MS);
}
