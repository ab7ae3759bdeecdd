import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { acmeSection } from './acme.ts';
import { apiSection } from './api.ts';
import { captionsSection } from './captions.ts';
import { liveSection } from './live.ts';
import { metricsSection } from './metrics.ts';
import { oidcSection } from './oidc.ts';
import { recordingSection } from './recording.ts';
import { telemetrySection } from './telemetry.ts';
import {
  addressRange,
  count,
  decimal,
  flag,
  iceUrl,
  isTurnUrl,
  list,
  listenHost,
  MAX_TIMER_SECONDS,
  origin,
  port,
  postgresUrl,
  proxyCount,
  publicHost,
  text,
} from './values.ts';

const kbps = (min = 0) => count({ min, max: 1_000_000 });
const timerSeconds = decimal({ max: MAX_TIMER_SECONDS });

/**
 * The whole configuration, with every default. A value comes from, in rising precedence: this default, the configuration file
 * (JSON), the environment (`CANOPY_` and the key in capitals, e.g. `CANOPY_RTC_PORT`), command-line flags.
 */
export const configSchema = z.strictObject({
  server: z
    .strictObject({
      name: text.max(64).default('Canopy').describe('Name shown to people and in certificates.'),
      host: listenHost
        .default('::')
        .describe(
          'Address to listen on for HTTP and signalling; `::` means all addresses, IPv4 included. Also the default for `sip.host`, and for `rtc.announce` unless it is `::`, `0.0.0.0` or a loopback address.',
        ),
      port: port.default(8443).describe('TCP port for HTTPS and signalling. 0 picks a free one.'),
      publicUrl: origin
        .optional()
        .describe(
          'The address that people open, e.g. `https://meet.example`, without a path. Pages at this address may connect, and links use it. Default: the address at which a page was opened, or this machine’s network address if that is `localhost`.',
        ),
      origins: list(origin)
        .default([])
        .describe(
          'Other web origins whose pages may enrol and connect, comma-separated, e.g. `https://app.example`. The server’s own addresses are always allowed.',
        ),
      embedders: list(origin)
        .default([])
        .describe(
          'Web origins whose pages may show meetings in a frame and ask people for new ones, comma-separated, e.g. `https://intranet.example`. The server’s own pages always may.',
        ),
      tls: z
        .enum(['auto', 'off'])
        .default('auto')
        .describe(
          '`auto`: HTTPS with `tlsCert`/`tlsKey` or a certificate issued by Canopy’s own CA; plain HTTP only on loopback. `off`: plain HTTP everywhere, for use behind a proxy.',
        ),
      tlsCert: text
        .optional()
        .describe('File with the TLS certificate chain (PEM). Reloaded when it changes.'),
      tlsKey: text.optional().describe('File with the TLS private key (PEM).'),
      trustProxy: proxyCount
        .default(0)
        .describe(
          'Number of proxies in front of the server (`true`: one, `false`: none). The client address is read from X-Forwarded-For, counting from the right. Set it only if all traffic passes through the proxies.',
        ),
      drainSeconds: timerSeconds
        .default(10)
        .describe('How long people may finish their calls once the server is stopping, in seconds.'),
    })
    .refine(({ tlsCert, tlsKey }) => (tlsCert === undefined) === (tlsKey === undefined), {
      error: 'server.tlsCert and server.tlsKey go together: set both or neither',
    })
    .prefault({}),
  acme: acmeSection,
  recording: recordingSection,
  captions: captionsSection,
  live: liveSection,
  api: apiSection,
  metrics: metricsSection,
  telemetry: telemetrySection,
  data: z
    .strictObject({
      dir: text
        .default('data')
        .describe('Folder for the database, the CA, keys and files. Created with mode 0700.'),
      filesKey: text
        .optional()
        .describe(
          'File with the secret that encrypts the files of chats. Created if missing, and never in a backup. Default: `files.key` in `data.dir`; keep it elsewhere if you copy that folder.',
        ),
    })
    .prefault({}),
  store: z
    .strictObject({
      url: postgresUrl
        .optional()
        .describe(
          'PostgreSQL database (14 or newer) for accounts, invitations and settings, e.g. `postgres://canopy:PASSWORD@db.example/canopy?sslmode=verify-full`; the CA and keys stay in `data.dir`. Set it in the environment or the configuration file, where other users cannot see the password, or omit the password and use `PGPASSWORD` or `~/.pgpass`. Connect directly, not through a pooler that shares sessions. Default: SQLite in `data.dir`.',
        ),
    })
    .prefault({}),
  rtc: z
    .strictObject({
      port: port
        .default(40_000)
        .describe('UDP and TCP port of the first media worker; worker n uses port + n. 0 picks free ones.'),
      workers: count({ max: 1024 }).default(0).describe('Number of media workers. 0: one per CPU core.'),
      announce: list(publicHost)
        .default([])
        .describe(
          'Addresses (IP or host name) at which clients reach this host, comma-separated. Names are resolved at start and every minute. Default: the addresses of its network interfaces.',
        ),
      workerBin: text
        .optional()
        .describe('The mediasoup worker program. Default: MEDIASOUP_WORKER_BIN, else the installed one.'),
      iceServers: z
        .array(
          z
            .strictObject({
              urls: z.array(iceUrl).min(1, { error: 'write at least one URL' }),
              username: z.string().optional(),
              credential: z.string().optional(),
            })
            .refine(
              ({ urls, username, credential }) => !urls.some(isTurnUrl) || Boolean(username && credential),
              { error: 'a turn: server requires username and credential' },
            ),
        )
        .default([])
        .describe(
          'STUN servers, and TURN servers with static credentials, for clients (configuration file only).',
        ),
      heartbeatMilliseconds: count({ min: 50, max: 60_000 })
        .default(500)
        .describe(
          'Heartbeat interval of media workers, in milliseconds; a worker that misses three is replaced.',
        ),
    })
    .prefault({}),
  media: z
    .strictObject({
      downBudgetKbps: kbps(100)
        .default(2000)
        .describe('Maximum bitrate sent to each peer, including audio and overhead, in kbit/s.'),
      upBudgetKbps: kbps()
        .default(2000)
        .describe('Maximum bitrate that each peer may send, in kbit/s. 0: unlimited.'),
      linkMbps: decimal({ max: 1_000_000 })
        .default(0)
        .describe(
          'Maximum bitrate sent to everyone together, in Mbit/s: video quality is lowered before it is exceeded. 0: unlimited. For a 100 Mbit/s link set 90, to leave room for other traffic.',
        ),
      cpuLimitPercent: decimal({ max: 100 })
        .default(85)
        .describe(
          'CPU limit per media worker, in percent of a core over 5 s. Above it, newcomers are refused; from 10 points below it, video quality is lowered. Time stolen by a hypervisor counts as used; other programs on other cores do not count. 0: off.',
        ),
      spillPercent: decimal({ max: 100 })
        .default(65)
        .describe(
          'When a room’s media worker uses more of a core than this, in percent, the next people who join go to another worker of the same host. 100: rooms stay on one worker.',
        ),
      linkFloorKbps: kbps()
        .default(250)
        .describe(
          'Newcomers are refused if they would reduce each receiver’s share of `media.linkMbps` below this, in kbit/s. 0: off.',
        ),
      av1: flag
        .default(false)
        .describe(
          'Offer AV1 to clients that ask for it. Off by default, since AV1 video may freeze after packet loss that other codecs survive.',
        ),
      encryption: z
        .enum(['off', 'allow-phones', 'required'])
        .default('off')
        .describe(
          'Whether rooms are end-to-end encrypted, unless they were created with a policy of their own: `off`; `required`; or `allow-phones`, where the phone gateway, which runs on the server, has the keys while phones are in the room. Recordings, captions and streams are not possible in encrypted rooms, nor phones with `required`. Direct calls are not end-to-end encrypted.',
        ),
      audibleSpeakers: count()
        .default(3)
        .describe(
          'How many people can be heard at once in a room: only the loudest microphones are forwarded. 0: all.',
        ),
    })
    .prefault({}),
  turn: z
    .strictObject({
      urls: list(iceUrl)
        .default([])
        .describe(
          'TURN servers that share `turn.secret`, comma-separated, e.g. `turn:turn.example,turns:turn.example:443?transport=tcp`.',
        ),
      secret: text
        .optional()
        .describe(
          'Shared secret of the TURN servers (coturn: `static-auth-secret`); each peer gets its own short-lived credentials. Set it in the environment or the file rather than on the command line.',
        ),
      ttlSeconds: count({ min: 1, max: 10 * 365 * 86_400 })
        .default(86_400)
        .describe('Lifetime of those credentials, in seconds; longer than any conference.'),
    })
    .refine(({ urls, secret }) => urls.length === 0 || secret !== undefined, {
      error: 'turn.urls requires turn.secret',
    })
    .prefault({}),
  identity: z
    .strictObject({
      policy: z
        .enum(['invite', 'pki', 'tofu'])
        .default('invite')
        .describe(
          '`invite`: accounts come from invitations, room links and sign-on, and are issued by Canopy’s own CA. `pki`: certificates issued by the authorities in `caBundle` are also accepted. `tofu` (trust on first use): in addition to `invite`, anyone who opens the address of a room can ask to enter, and always waits until somebody in the room lets them in.',
        ),
      caBundle: text.optional().describe('File with the trusted authorities (PEM), for `pki`.'),
      crl: text
        .optional()
        .describe('File with revocation lists of those authorities (PEM). Reloaded when it changes.'),
      pkiRole: z
        .enum(['admin', 'member', 'guest'])
        .default('member')
        .describe('Role of people admitted by `pki`.'),
      clockSkewSeconds: decimal({ max: 86_400 })
        .default(300)
        .describe('Maximum clock difference between client and server, in seconds.'),
    })
    .refine(({ policy, caBundle }) => policy !== 'pki' || caBundle !== undefined, {
      error: 'identity.policy pki requires identity.caBundle',
    })
    .prefault({}),
  oidc: oidcSection,
  sip: z
    .strictObject({
      enabled: flag
        .default(true)
        .describe('Whether `canopy serve` runs the phone gateway, as a separate process.'),
      host: listenHost
        .optional()
        .describe(
          'Address to listen on for SIP; `::` means all addresses, IPv4 included. Default: `server.host`.',
        ),
      port: port.default(5060).describe('UDP and TCP port for SIP. 0 picks a free one.'),
      tlsPort: port.default(5061).describe('TCP port for SIP over TLS, with the HTTPS certificate. 0: off.'),
      wsPort: port
        .default(0)
        .describe(
          'TCP port for SIP over WebSocket (RFC 7118), for phones in browsers: `wss` with the HTTPS certificate, or `ws` without one. Pages of this host may connect, and those of `server.origins`. 0: off.',
        ),
      realm: z
        .string()
        .min(1)
        .max(128)
        .regex(/^[^\p{Cc}"\\:]+$/u)
        .default('canopy')
        .describe('Realm for digest authentication of phones. Changing it invalidates all phone passwords.'),
      announce: publicHost
        .optional()
        .describe(
          'Address (IP or host name) at which phones reach this host. Default: the first of `rtc.announce`, or else of the network interfaces.',
        ),
      rtpPortMin: port.default(30_000).describe('First UDP port for phone media.'),
      rtpPortMax: port.default(30_999).describe('Last UDP port for phone media; each call uses two.'),
      mediaThreads: count({ max: 64 })
        .default(0)
        .describe(
          'Number of threads for phone media. All phones of a room share one thread. 0: one per two cores, but at least two if there are two cores.',
        ),
      callsPerPhone: count({ min: 1 })
        .default(4)
        .describe('Maximum concurrent calls from one phone account; more get 486.'),
      callsPerSecond: count({ min: 1 })
        .default(50)
        .describe(
          'Maximum new calls per second from one address (IPv6: /64) of a trunk or of recently authenticated phones. An unknown address may make a fifth of that, and all unknown addresses together as many. More get 503.',
        ),
      requestsPerSecond: count({ min: 1 })
        .default(50)
        .describe(
          'Maximum other SIP requests outside calls (REGISTER, OPTIONS) per second from one address (IPv6: /64); more are dropped.',
        ),
      silentToStrangers: flag
        .default(false)
        .describe(
          'Drop SIP requests from unknown addresses and users instead of refusing them, so that scanners find nothing.',
        ),
      codecs: list(
        z.enum([
          'opus',
          'G722',
          'AMR-WB',
          'AMR-WB/octet-align',
          'speex/16000',
          'speex/32000',
          'PCMU',
          'PCMA',
          'speex/8000',
          'GSM',
        ]),
      )
        .default(['opus', 'G722', 'speex/16000', 'speex/32000', 'PCMU', 'PCMA', 'speex/8000', 'GSM'])
        .refine((codecs) => codecs.includes('PCMU') || codecs.includes('PCMA'), {
          error: 'include PCMU or PCMA, which every phone has',
        })
        .describe(
          'Codecs for phones, in the order in which calls to phones offer them; a phone that calls chooses by its own order. Those that this installation lacks are left out (`canopy doctor`). `AMR-WB` (bandwidth-efficient) and `AMR-WB/octet-align` are not among the defaults, because patents apply to it.',
        ),
      srtpWithoutTls: flag
        .default(false)
        .describe(
          'Encrypt the audio of calls (SRTP) even if their SIP messages, which carry the keys, are not encrypted by TLS. Anyone who can read those messages can decrypt the call, so this only serves phones that insist on SRTP.',
        ),
      hepHost: publicHost
        .optional()
        .describe(
          'Address of a capture server (Homer, sngrep, Kamailio) that gets a copy of every SIP message, by HEP3 over UDP. Keys of encrypted audio, answers to password challenges and keys pressed by callers are crossed out. The copies are not encrypted: keep them inside your network. Default: none.',
        ),
      hepPort: port.default(9060).describe('UDP port of the capture server.'),
      hepCaptureId: count({ max: 4_294_967_295 })
        .default(2001)
        .describe('Capture ID, which identifies this gateway to the capture server.'),
      hepPassword: text.optional().describe('Password for the capture server, sent with every copy.'),
      language: z.enum(['en', 'ru']).default('en').describe('Language of the spoken prompts: `en` or `ru`.'),
      historyDays: count({ min: 1, max: 36_500 })
        .default(365)
        .describe(
          'How long the history of phone calls (`GET /api/sip/calls`) is kept, in days. People choose for themselves how long their own lists go back.',
        ),
      historyMaxCalls: count({ min: 1000, max: 10_000_000 })
        .default(100_000)
        .describe('Maximum calls in that history; beyond it, the oldest are deleted. About 500 bytes each.'),
      holdMusic: text
        .optional()
        .describe(
          'Sound file that phones hear while they are alone in a room or wait for their PIN to be checked: WAV with PCM samples, 8 to 48 kHz, mono or stereo, up to 10 minutes. It is repeated. Default: silence.',
        ),
      signalingUrl: origin
        .optional()
        .describe(
          'For `canopy sip`: the URL of the server, on the same host. Default: this host, `server.port`.',
        ),
    })
    .refine(({ rtpPortMin, rtpPortMax }) => rtpPortMin + (rtpPortMin % 2) + 1 <= rtpPortMax, {
      error:
        'sip.rtpPortMin and sip.rtpPortMax leave no even port followed by an odd one, which each call needs; raise rtpPortMax',
    })
    .prefault({}),
  limits: z
    .strictObject({
      peersPerRoom: count({ min: 1 }).default(100).describe('Maximum peers per room.'),
      participantsPerRoom: count({ min: 1 })
        .default(25)
        .describe(
          'Maximum people and phones per room, unless its owner chose another number. Owners may exceed it.',
        ),
      rooms: count({ min: 1 }).default(1000).describe('Maximum open rooms.'),
      producersPerPeer: count({ min: 1 })
        .default(8)
        .describe('Maximum producers per peer (bridges: 32 times as many).'),
      consumersPerPeer: count({ min: 1 }).default(400).describe('Maximum consumers per peer.'),
      connectionsPerAddress: count({ min: 1 })
        .default(500)
        .describe(
          'Maximum open sockets per address; an IPv6 /64 counts as one address. Without a trusted proxy, 200 further TCP connections are allowed.',
        ),
      connectionsPerAccount: count({ min: 1 })
        .default(32)
        .describe(
          'Maximum open sockets per account, and half as many per device (bridges: 32 times as many).',
        ),
      roomsPerAccount: count({ min: 1 })
        .default(20)
        .describe(
          'Maximum open rooms opened by one account (bridges: 32 times as many). One address can open at most half of `limits.rooms`.',
        ),
      seatsPerAccount: count({ min: 1 })
        .default(5)
        .describe('Maximum devices of one account in the same room.'),
      viewersPerStreamKey: count({ min: 1 })
        .default(10)
        .describe('Maximum programs that watch a room with one stream key at a time.'),
      waitingPerRoom: count({ min: 1 })
        .default(100)
        .describe(
          'Maximum people waiting in a room’s lobby; from one address (IPv6: /64) at most half as many, and on the whole server ten times as many. People who come by the room’s address alone (`identity.policy: tofu`) take at most half of each.',
        ),
      guestsPerLink: count({ min: 1 })
        .default(200)
        .describe(
          'Maximum new guests per hour through one room link, or by one room’s address (`identity.policy: tofu`).',
        ),
      requestsPerSecond: count({ min: 1 })
        .default(100)
        .describe('Maximum requests per second per connection; bursts may be three times as large.'),
      requestsPerToken: count({ min: 1 })
        .default(20)
        .describe(
          'Maximum REST requests per second with one API token; bursts may be ten times as large. The key in `api.key` is not limited.',
        ),
      messageBytes: count({ min: 4096 })
        .default(262_144)
        .describe('Maximum size of a client’s message, in bytes; a larger one closes the connection.'),
      sendQueueBytes: count({ min: 4096 })
        .default(1_048_576)
        .describe('A connection with more unsent data than this, in bytes, is closed.'),
      chatBytesPerRoom: count({ min: 65_536 })
        .default(33_554_432)
        .describe('Maximum size of the chat kept per room, in bytes; about 60 000 short messages.'),
      chatBytes: count({ min: 65_536 })
        .default(2_147_483_648)
        .describe('Maximum size of all chats kept on this server, in bytes.'),
      fileBytes: count()
        .default(104_857_600)
        .describe('Maximum size of a file in the chat, in bytes. 0: no files.'),
      fileBytesPerRoom: count()
        .default(2_147_483_648)
        .describe('Maximum size of all files kept per room, in bytes.'),
      fileBytesPerDay: count()
        .default(1_073_741_824)
        .describe('Maximum size of the files that one account uploads per day, in bytes.'),
      fileStoreBytes: count()
        .default(21_474_836_480)
        .describe('Maximum size of all files kept on this server, in bytes.'),
      diskFloorBytes: count()
        .default(1_073_741_824)
        .describe(
          'No file is accepted that would leave less free space than this on the disk of `data.dir`, in bytes.',
        ),
      authSeconds: decimal({ min: 1, max: MAX_TIMER_SECONDS })
        .default(15)
        .describe('How long a client may take to authenticate after connecting, in seconds.'),
      visitDays: count({ min: 1, max: 3650 })
        .default(90)
        .describe(
          'How long the server remembers which rooms an account was in, in days; shown as recent rooms.',
        ),
      resumeSeconds: timerSeconds
        .default(30)
        .describe('How long a peer’s seat in the room is kept after it has lost its connection, in seconds.'),
      ringSeconds: count({ min: 1, max: 120 })
        .default(45)
        .describe('How long a direct call rings before it counts as missed, in seconds.'),
    })
    .prefault({}),
  outbound: z
    .strictObject({
      allowHttp: flag
        .default(false)
        .describe(
          'Whether webhooks and push messages may be sent, and address books synchronised, over plain HTTP, where others on the way can read them.',
        ),
      allowRanges: list(addressRange)
        .default([])
        .describe(
          'Addresses and networks (CIDR) that webhooks and push messages may be sent to, and address books may be on, although they are not public, comma-separated, e.g. `127.0.0.1,10.1.2.0/24`.',
        ),
    })
    .prefault({}),
  audit: z
    .strictObject({
      retentionDays: count({ min: 1, max: 36_500 })
        .default(365)
        .describe('How long entries of the audit log are kept, in days.'),
      maxEntries: count({ min: 1000, max: 10_000_000 })
        .default(200_000)
        .describe(
          'Maximum entries of the audit log; beyond it, the oldest are deleted. About 300 bytes each.',
        ),
    })
    .prefault({}),
  log: z
    .strictObject({
      level: z
        .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
        .default('info')
        .describe('Minimum log level.'),
      format: z
        .enum(['auto', 'pretty', 'json'])
        .default('auto')
        .describe('`auto`: pretty on a terminal, else JSON lines.'),
    })
    .prefault({}),
});

/** Checks values against each other, which section schemas cannot do. Returns sentences that name the keys. */
export function contradictions({ acme, api, rtc, server }: z.output<typeof configSchema>): string[] {
  const problems: string[] = [];
  if (acme.domains.length > 0 && server.tlsCert !== undefined) {
    problems.push('acme.domains and server.tlsCert exclude each other: set one');
  }
  if (acme.domains.length > 0 && server.tls === 'off') {
    problems.push(
      'acme.domains requires server.tls auto: with `off`, the proxy in front has the certificate',
    );
  }
  if (api.clientCa !== undefined && server.tls === 'off') {
    problems.push(
      'api.clientCa requires server.tls auto: with `off`, let the proxy in front ask for client certificates',
    );
  }
  const workers = rtc.workers || availableParallelism();
  if (rtc.port === 0 || rtc.port + workers - 1 <= 65_535) {
    return problems;
  }
  return [
    ...problems,
    `rtc.port (${rtc.port}): ${workers} workers take this port and the next ones, which end at 65535; write ${65_536 - workers} at most, or set fewer rtc.workers`,
  ];
}

type Parsed = z.output<typeof configSchema>;

/** The loaded configuration, with defaults that depend on other settings filled in. */
export type Config = Omit<Parsed, 'sip'> & { sip: Parsed['sip'] & { host: string } };
