import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from './programs.ts';
import { eventually } from './wait.ts';

/** The request that opens a gate in a scenario; the servers under test never send it. */
const GATE = 'NOTIFY';
/** Where sipp logs all messages, in its folder. */
const MESSAGES = 'messages.log';
/** How long sipp takes, in milliseconds, from logging a message to logging that it was unexpected. */
const VERDICT_MS = 100;

const SERVICE = 'sip:[service]@[remote_ip]:[remote_port]';
const VIA = 'Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]';
const CONTACT = 'Contact: <sip:sipp@[local_ip]:[local_port];transport=[transport]>';

function sdpLines(direction: string, connection = '[media_ip]', port = '6000'): string {
  return [
    'v=0',
    'o=sipp 1 [cseq] IN IP[media_ip_type] [media_ip]',
    's=-',
    `c=IN IP[media_ip_type] ${connection}`,
    't=0 0',
    `m=audio ${port} RTP/AVP 0 8 101`,
    'a=rtpmap:0 PCMU/8000',
    'a=rtpmap:8 PCMA/8000',
    'a=rtpmap:101 telephone-event/8000',
    ...(direction === '' ? [] : [`a=${direction}`]),
  ].join('\n');
}

function withBody(head: string[], body: string | undefined, type: string): string {
  if (body === undefined) {
    return [...head, 'Content-Length: 0', '', ''].join('\n');
  }
  return [...head, `Content-Type: ${type}`, 'Content-Length: [len]', '', body].join('\n');
}

interface SendOptions {
  cseq: number;
  sdp?: string;
  /** A body other than SDP. */
  body?: string;
  type?: string;
  headers?: string[];
  /** Send within the dialog: with the peer's tag, to its Contact. */
  inDialog?: boolean;
  /** Retransmit over UDP. Default true, except for ACK. */
  retransmit?: boolean;
  /** Use the Via branch of the last request (CANCEL, ACK of a failure). */
  sameBranch?: boolean;
  uri?: string;
}

interface ResponseOptions {
  sdp?: string;
  headers?: string[];
  tag?: string;
  retransmit?: boolean;
}

/** The steps of a sipp scenario, in sipp's XML. */
export const step = {
  sdp: sdpLines,

  request(method: string, options: SendOptions): string {
    const { cseq, sdp, body = sdp, type = 'application/sdp', headers = [], inDialog = false } = options;
    const retransmit = options.retransmit ?? method !== 'ACK';
    const uri = options.uri ?? (inDialog ? '[next_url]' : SERVICE);
    const head = [
      `${method} ${uri} SIP/2.0`,
      options.sameBranch ? '[last_Via:]' : VIA,
      'From: sipp <sip:sipp@127.0.0.1>;tag=[pid]T[call_number]',
      `To: <sip:[service]@127.0.0.1>${inDialog ? '[peer_tag_param]' : ''}`,
      'Call-ID: [call_id]',
      `CSeq: ${cseq} ${method}`,
      CONTACT,
      'Max-Forwards: 70',
      ...headers,
    ];
    const attribute = retransmit ? ' retrans="500"' : '';
    return `<send${attribute}><![CDATA[\n${withBody(head, body, type)}\n]]></send>`;
  },

  /** The ACK of a failed INVITE: unlike that of a 2xx, it goes where the INVITE went (RFC 3261 §17.1.1.3). */
  ackFailure(cseq: number): string {
    return step.request('ACK', { cseq, inDialog: true, sameBranch: true, uri: SERVICE });
  },

  /** Responds to the last request. */
  response(status: string, options: ResponseOptions = {}): string {
    const tag = options.tag === undefined ? '' : `;tag=${options.tag}`;
    const head = [
      `SIP/2.0 ${status}`,
      '[last_Via:]',
      '[last_From:]',
      `[last_To:]${tag}`,
      '[last_Call-ID:]',
      '[last_CSeq:]',
      CONTACT,
      '[last_Record-Route:]',
      ...(options.headers ?? []),
    ];
    const attribute = options.retransmit ? ' retrans="500"' : '';
    return `<send${attribute}><![CDATA[\n${withBody(head, options.sdp, 'application/sdp')}\n]]></send>`;
  },

  /** Responds to the last INVITE, even if other requests came after it. */
  inviteResponse(status: string, options: ResponseOptions = {}): string {
    return step
      .response(status, { ...options, tag: undefined })
      .replace('[last_To:]', `To: <sip:bob@127.0.0.1>;tag=${options.tag ?? ''}`)
      .replace('[last_Via:]', 'Via:[$via]')
      .replace('[last_CSeq:]', 'CSeq: 1 INVITE');
  },

  /** Waits for a response that matches these patterns in its headers or body. */
  expect(
    status: number,
    options: {
      optional?: boolean;
      auth?: boolean;
      rrs?: boolean;
      body?: string;
      header?: string;
      timeout?: number;
    } = {},
  ): string {
    return `<recv response="${status}"${attributes(options)}>${checks(options)}</recv>`;
  },

  /** Waits for a request. */
  expectRequest(
    method: string,
    options: { body?: string; header?: string; optional?: boolean } = {},
  ): string {
    return `<recv request="${method}"${attributes(options)}>${checks(options, method === 'INVITE')}</recv>`;
  },

  pause(milliseconds: number): string {
    return `<pause milliseconds="${milliseconds}"/>`;
  },

  /** Waits until the test calls go(). */
  gate(): string {
    return `<recv request="${GATE}"/>`;
  },

  /** Runs a sipp action besides SIP, e.g. `play_dtmf="12#"`. */
  exec(action: string): string {
    return `<nop><action><exec ${action}/></action></nop>`;
  },
};

function attributes(options: {
  optional?: boolean;
  auth?: boolean;
  rrs?: boolean;
  timeout?: number;
}): string {
  return [
    options.optional ? ' optional="true"' : '',
    options.auth ? ' auth="true"' : '',
    options.rrs === false ? '' : ' rrs="true"',
    options.timeout === undefined ? '' : ` timeout="${options.timeout}"`,
  ].join('');
}

let variables = 0;

function checks({ body, header }: { body?: string; header?: string }, keepVia = false): string {
  const action = (pattern: string, where: string) =>
    `<ereg regexp="${pattern}" search_in="${where}" check_it="true" assign_to="v${++variables}"/>`;
  const via = keepVia && '<ereg regexp=".*" search_in="hdr" header="Via:" assign_to="via"/>';
  const list = [via, body && action(body, 'body'), header && action(header, 'msg')].filter(Boolean);
  return list.length === 0 ? '' : `<action>${list.join('')}</action>`;
}

function references(xml: string): string {
  const names = [...xml.matchAll(/assign_to="(v[0-9]*|via)"/g)].map((match) => match[1]);
  return names.length === 0 ? '' : `<Reference variables="${[...new Set(names)].join(',')}"/>`;
}

export interface SippRun {
  /** Resolves when sipp has ended, with code 0 if all calls followed the scenario. `messages`: all SIP sent and received. */
  readonly finished: Promise<{ code: number; log: string; messages: string }>;
  readonly port: number;
  /** Lets the first call continue at a gate, once it gets there. */
  go(): Promise<void>;
  readonly process: ChildProcess;
}

interface RunOptions {
  remotePort?: number;
  calls?: number;
  tcp?: boolean;
  /** Local and remote address; IPv6 in brackets. Default 127.0.0.1. */
  host?: string;
  args?: string[];
  service?: string;
}

/** Runs sipp with these steps. With `remotePort` it calls; without, it waits for calls. */
export async function runSipp(steps: string[], options: RunOptions = {}): Promise<SippRun> {
  const folder = await mkdtemp(join(tmpdir(), 'sipp-'));
  const body = steps.join('\n');
  const xml = `<?xml version="1.0" encoding="ISO-8859-1" ?>\n<scenario name="test">\n${body}\n${references(body)}\n</scenario>\n`;
  await writeFile(join(folder, 'scenario.xml'), xml);
  const { host = '127.0.0.1' } = options;
  const port = await freePort();
  const callId = randomUUID();
  const args = [
    ...[
      '-sf',
      'scenario.xml',
      '-i',
      host,
      '-mi',
      host.replace(/[[\]]/g, ''),
      '-p',
      String(port),
      '-nostdin',
      '-nd',
      '-trace_err',
      '-trace_msg',
    ],
    ...['-message_file', MESSAGES, '-cid_str', `%u-${callId}`],
    ...['-error_file', 'errors.log', '-m', String(options.calls ?? 1), '-s', options.service ?? 'room'],
    ...['-timeout', '30', '-timeout_error', '-recv_timeout', '15000'],
    ...(options.tcp ? ['-t', 't1'] : []),
    ...(options.args ?? []),
    ...(options.remotePort === undefined ? [] : [`${host}:${options.remotePort}`]),
  ];
  const process = spawn('sipp', args, { cwd: folder, stdio: 'ignore' });
  const finished = new Promise<Awaited<SippRun['finished']>>((resolve, reject) => {
    process.once('error', reject);
    process.once('exit', async (code) => {
      const read = (name: string) => readFile(join(folder, name), 'utf8').catch(() => '');
      const [log, messages] = [await read('errors.log'), await read(MESSAGES)];
      await rm(folder, { recursive: true, force: true });
      resolve({ code: code ?? -1, log, messages });
    });
  });
  if (options.remotePort === undefined) {
    await listening(port, options.tcp ?? false);
  }
  let requests = 0;
  const go = async () => {
    for (;;) {
      requests += 1;
      await openGate(port, `1-${callId}`, requests);
      if (await passed(join(folder, MESSAGES), requests)) {
        return;
      }
    }
  };
  return { finished, port, process, go };
}

const gateBranch = (number: number) => `z9hG4bKgate${number}`;

/** Whether sipp was at the gate when this request came. It drops a request that comes while it still waits for something else. */
async function passed(file: string, number: number): Promise<boolean> {
  // sipp may have ended, and its log with it.
  const read = () => readFile(file, 'utf8').catch(() => undefined);
  const request = `branch=${gateBranch(number)}\r`;
  await eventually('sipp has received the gate', read, (log) => log === undefined || log.includes(request));
  await delay(VERDICT_MS);
  const [, unexpected] =
    (await read())?.split('\nUnexpected ').filter((part) => part.includes(request)) ?? [];
  return unexpected === undefined;
}

/** Sends a NOTIFY, which sipp assigns to the call by its Call-ID alone. It is not answered. */
async function openGate(port: number, callId: string, number: number): Promise<void> {
  const lines = [
    `${GATE} sip:sipp@127.0.0.1 SIP/2.0`,
    `Via: SIP/2.0/UDP 127.0.0.1:9;branch=${gateBranch(number)}`,
    'From: <sip:gate@127.0.0.1>;tag=gate',
    'To: <sip:sipp@127.0.0.1>',
    `Call-ID: ${callId}`,
    `CSeq: ${number} ${GATE}`,
    'Content-Length: 0',
    '',
    '',
  ];
  const socket = createSocket('udp4');
  try {
    await new Promise<void>((resolve, reject) =>
      socket.send(lines.join('\r\n'), port, '127.0.0.1', (error) => (error ? reject(error) : resolve())),
    );
  } finally {
    socket.close();
  }
}

/** Waits until a waiting sipp has bound its port. */
async function listening(port: number, tcp: boolean): Promise<void> {
  const tables = tcp ? ['/proc/net/tcp', '/proc/net/tcp6'] : ['/proc/net/udp', '/proc/net/udp6'];
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')} `;
  for (let attempt = 0; attempt < 200; attempt++) {
    const texts = await Promise.all(tables.map((table) => readFile(table, 'utf8')));
    if (texts.some((text) => text.includes(local))) {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error('sipp did not start');
}
