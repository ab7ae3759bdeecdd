import { availableParallelism } from 'node:os';
import { z } from 'zod';
import {
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
          'Address to listen on for HTTP and signalling; `::` is all, IPv4 too. It is the default of `sip.host`; and of `rtc.announce`, unless it is `::`, `0.0.0.0` or a loopback address (browsers cannot use that one for media).',
        ),
      port: port.default(8443).describe('TCP port for HTTPS and signalling. 0 picks a free one.'),
      publicUrl: origin
        .optional()
        .describe(
          'The address people use, e.g. `https://meet.example`, without a path (Canopy does not run below one): pages under it may connect, links and re-homing name it. Default: `http://localhost` with the port, which serves this machine only.',
        ),
      origins: list(origin)
        .default([])
        .describe(
          'Further web origins whose pages may enrol and connect, comma-separated, e.g. `https://app.example`. Own addresses are always allowed.',
        ),
      tls: z
        .enum(['auto', 'off'])
        .default('auto')
        .describe(
          '`auto`: HTTPS with `tlsCert`/`tlsKey` or a certificate of the own CA; plain HTTP is answered on loopback only. `off`: plain HTTP everywhere, for use behind a proxy.',
        ),
      tlsCert: text
        .optional()
        .describe('File with the TLS certificate chain (PEM). Reloaded when it changes.'),
      tlsKey: text.optional().describe('File with the TLS private key (PEM).'),
      trustProxy: proxyCount
        .default(0)
        .describe(
          'Number of proxies in front of the server; `true` is one, `false` none. The client address is taken from X-Forwarded-For, counted from the right. Set it only where everyone comes through the proxy.',
        ),
      drainSeconds: timerSeconds
        .default(10)
        .describe('How long a stopping server lets people finish, in seconds.'),
    })
    .refine(({ tlsCert, tlsKey }) => (tlsCert === undefined) === (tlsKey === undefined), {
      error: 'server.tlsCert and server.tlsKey go together: set both or neither',
    })
    .prefault({}),
  data: z
    .strictObject({
      dir: text.default('data').describe('Folder for the database, the CA and keys. Created with mode 0700.'),
    })
    .prefault({}),
  store: z
    .strictObject({
      url: postgresUrl
        .optional()
        .describe(
          'PostgreSQL database (14 or newer) for accounts, invitations and settings, e.g. `postgres://canopy:PASSWORD@db.example/canopy?sslmode=verify-full`; the CA and keys stay in `data.dir`. Set it in the environment or the file, where no other user sees the password; or leave the password out and use `PGPASSWORD` or `~/.pgpass`. Connect directly, not through a pooler that shares sessions. Default: SQLite in `data.dir`.',
        ),
    })
    .prefault({}),
  rtc: z
    .strictObject({
      port: port
        .default(40_000)
        .describe('UDP and TCP port of the first media worker; worker n uses port + n. 0 picks free ones.'),
      workers: count({ max: 1024 }).default(0).describe('Number of media workers. 0: one for each CPU core.'),
      announce: list(publicHost)
        .default([])
        .describe(
          'Addresses (IP or host name) that clients reach this host by, comma-separated. Names are resolved at the start and every minute, and their addresses are announced. Default: the addresses of its interfaces.',
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
              { error: 'a turn: server needs username and credential' },
            ),
        )
        .default([])
        .describe(
          'STUN servers, and TURN servers with lasting credentials, that clients are told of (file only).',
        ),
      heartbeatMilliseconds: count({ min: 50, max: 60_000 })
        .default(500)
        .describe('How often a worker must answer, in milliseconds; three misses end it.'),
    })
    .prefault({}),
  media: z
    .strictObject({
      downBudgetKbps: kbps(100)
        .default(2000)
        .describe('What a peer is sent at most, audio and overhead included, in kbit/s.'),
      upBudgetKbps: kbps()
        .default(2000)
        .describe('What a peer may send at most, in kbit/s; browsers keep to it. 0: any amount.'),
      linkMbps: decimal({ max: 1_000_000 })
        .default(0)
        .describe(
          'What this node may send in all, over all rooms, in Mbit/s: pictures are made smaller before it is passed. 0: not guarded. For a link of 100 Mbit/s set 90, as other traffic needs some.',
        ),
      cpuLimitPercent: decimal({ max: 100 })
        .default(85)
        .describe(
          'Nobody new gets into a room whose media worker has used more of a core than this over 5 s, in percent; from 10 points below on pictures are made smaller. What the host’s hypervisor steals counts as used. It is the worker’s own use and not the machine’s: other programs may fill the other cores without harm. 0: off.',
        ),
      spillPercent: decimal({ max: 100 })
        .default(65)
        .describe(
          'When the media worker of a room uses more of a core than this, in percent, further people of the room go to another worker of the host; nobody notices. 100: rooms stay on one worker.',
        ),
      linkFloorKbps: kbps()
        .default(250)
        .describe(
          'Nobody new gets in when each receiver’s share of a guarded link would fall below this, in kbit/s. 0: off.',
        ),
      av1: flag
        .default(false)
        .describe(
          'Whether rooms carry AV1 too, for clients that ask for it. Not the default: receivers may stand still after losses that other codecs survive.',
        ),
      audibleSpeakers: count()
        .default(3)
        .describe(
          'How many people of a room are heard at once: the loudest microphones are forwarded, the others held back. 0: all.',
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
          'The secret of the TURN servers (coturn: `static-auth-secret`), of which each peer gets credentials of its own. Better in the environment or the file than in a command line.',
        ),
      ttlSeconds: count({ min: 1, max: 10 * 365 * 86_400 })
        .default(86_400)
        .describe('How long those credentials hold, in seconds: longer than a conference.'),
    })
    .refine(({ urls, secret }) => urls.length === 0 || secret !== undefined, {
      error: 'turn.urls needs turn.secret',
    })
    .prefault({}),
  identity: z
    .strictObject({
      policy: z
        .enum(['invite', 'pki'])
        .default('invite')
        .describe(
          '`invite`: one-time links, accounts under the own CA. `pki`: certificates of the authorities in `caBundle` (invitations work too).',
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
        .describe('How far a client’s clock may be off, in seconds.'),
    })
    .refine(({ policy, caBundle }) => policy !== 'pki' || caBundle !== undefined, {
      error: 'identity.policy pki needs identity.caBundle',
    })
    .prefault({}),
  sip: z
    .strictObject({
      enabled: flag
        .default(true)
        .describe('Whether `canopy serve` takes phone calls, by a SIP gateway in the same process.'),
      host: listenHost
        .optional()
        .describe('Address to listen on for SIP; `::` is all, IPv4 too. Default: `server.host`.'),
      port: port.default(5060).describe('UDP and TCP port for SIP. 0 picks a free one.'),
      tlsPort: port
        .default(5061)
        .describe('TCP port for SIP over TLS, with the certificate of HTTPS. 0 turns it off.'),
      realm: z
        .string()
        .min(1)
        .max(128)
        .regex(/^[^\p{Cc}"\\:]+$/u)
        .default('canopy')
        .describe(
          'Realm of the digest authentication of phones. The passwords of phones hold for the realm in which they were set.',
        ),
      announce: publicHost
        .optional()
        .describe(
          'Address (IP or host name) that phones reach this host by. Default: the first of `rtc.announce`, else the first of an interface.',
        ),
      rtpPortMin: port.default(30_000).describe('First UDP port for the media of phones.'),
      rtpPortMax: port.default(30_999).describe('Last UDP port for the media of phones; a call takes two.'),
      mediaThreads: count({ max: 64 })
        .default(0)
        .describe(
          'Threads for the media of phones; a room with all its phones is in one of them. 0: one for every two cores, and two on two cores.',
        ),
      callsPerPhone: count({ min: 1 })
        .default(4)
        .describe('Maximum concurrent calls made by one phone account; further ones get 486.'),
      callsPerSecond: count({ min: 1 })
        .default(50)
        .describe(
          'New calls per second from one address (IPv6: one /64) of a trunk or of phones that have logged in lately. Any other address may make a fifth of that, and all such addresses together as much. More get 503.',
        ),
      requestsPerSecond: count({ min: 1 })
        .default(50)
        .describe(
          'Other SIP requests outside calls (REGISTER, OPTIONS) per second from one address (IPv6: one /64); more are dropped.',
        ),
      silentToStrangers: flag
        .default(false)
        .describe(
          'Leave SIP requests unanswered that would be refused, where neither the address nor the user is known: scanners find nothing.',
        ),
      language: z.enum(['en', 'ru']).default('en').describe('Language of what callers hear: `en` or `ru`.'),
      signalingUrl: origin
        .optional()
        .describe(
          'For `canopy sip`: the server whose rooms it serves, on the same host. Default: this host, `server.port`.',
        ),
    })
    .refine(({ rtpPortMin, rtpPortMax }) => rtpPortMin + (rtpPortMin % 2) + 1 <= rtpPortMax, {
      error:
        'sip.rtpPortMin and sip.rtpPortMax leave no even port with the next one: a call takes such a pair, so raise rtpPortMax',
    })
    .prefault({}),
  limits: z
    .strictObject({
      peersPerRoom: count({ min: 1 }).default(100).describe('Maximum peers in one room.'),
      rooms: count({ min: 1 }).default(1000).describe('Maximum open rooms.'),
      producersPerPeer: count({ min: 1 })
        .default(8)
        .describe('Maximum producers of one peer (a bridge: 32 times as many).'),
      consumersPerPeer: count({ min: 1 }).default(400).describe('Maximum consumers of one peer.'),
      connectionsPerAddress: count({ min: 1 })
        .default(500)
        .describe(
          'Maximum open sockets from one address; an IPv6 /64 counts as one address. Without a trusted proxy, it may hold 200 more TCP connections than that.',
        ),
      connectionsPerAccount: count({ min: 1 })
        .default(32)
        .describe(
          'Maximum open sockets of one account, half of them from one device (a bridge: 32 times as many).',
        ),
      roomsPerAccount: count({ min: 1 })
        .default(20)
        .describe(
          'Maximum open rooms that one account opened (a bridge: 32 times as many). One address opens at most half of `limits.rooms`.',
        ),
      seatsPerAccount: count({ min: 1 })
        .default(5)
        .describe('Maximum devices of one account in the same room. Each device has one seat in a room.'),
      requestsPerSecond: count({ min: 1 })
        .default(100)
        .describe('Requests a second of one connection, with bursts of three times as many.'),
      messageBytes: count({ min: 4096 })
        .default(262_144)
        .describe('Largest message of a client, in bytes; a larger one closes its connection.'),
      sendQueueBytes: count({ min: 4096 })
        .default(1_048_576)
        .describe('A connection with more unsent than this, in bytes, is closed.'),
      resumeSeconds: timerSeconds
        .default(30)
        .describe('How long the seat of a peer with a lost connection is kept, in seconds.'),
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
export function contradictions({ rtc }: z.output<typeof configSchema>): string[] {
  const workers = rtc.workers || availableParallelism();
  if (rtc.port === 0 || rtc.port + workers - 1 <= 65_535) return [];
  return [
    `rtc.port (${rtc.port}): ${workers} workers take this port and the next ones, which end at 65535; write ${65_536 - workers} at most, or set fewer rtc.workers`,
  ];
}

type Parsed = z.output<typeof configSchema>;

/** The loaded configuration, with defaults that depend on other settings filled in. */
export type Config = Omit<Parsed, 'sip'> & { sip: Parsed['sip'] & { host: string } };
