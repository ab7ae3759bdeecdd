import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectWhenUp, freePort } from './programs.ts';

/** Where a PBX routes numbers with this prefix. */
export interface PbxRoute {
  prefix: string;
  port: number;
  /** Default `udp`. */
  transport?: 'udp' | 'tcp' | 'tls';
}

/** PEM files for the PBX's TLS. */
export interface PbxCertificate {
  certificate: string;
  key: string;
}

export interface PbxOptions {
  /** If set, the PBX also listens for TLS. */
  tls?: PbxCertificate;
  /** Digest algorithm of its challenges. Default MD5. */
  algorithm?: 'MD5' | 'SHA-256';
}

interface PbxPorts {
  port: number;
  /** 0: no TLS. */
  tlsPort: number;
}

/** A PBX that challenges REGISTER (401) and INVITE (407), adds Record-Route and gives GRUUs. Every user's password is `secret`. */
function configuration(
  { port, tlsPort }: PbxPorts,
  { routes, folder, algorithm = 'MD5' }: PbxOptions & { routes: readonly PbxRoute[]; folder: string },
): string {
  return `#!KAMAILIO
debug=1
log_stderror=yes
fork=yes
children=2
tcp_children=2
auto_aliases=no
dns=no
rev_dns=no
listen=udp:127.0.0.1:${port}
listen=tcp:127.0.0.1:${port}
${tlsPort === 0 ? '' : `enable_tls=yes\nlisten=tls:127.0.0.1:${tlsPort}`}
mpath="/usr/lib/x86_64-linux-gnu/kamailio/modules/"
${[...(tlsPort === 0 ? [] : ['tls']), 'kex', 'corex', 'tm', 'sl', 'rr', 'pv', 'maxfwd', 'textops', 'siputils', 'usrloc', 'registrar', 'auth', 'xlog'].map((name) => `loadmodule "${name}.so"`).join('\n')}
modparam("usrloc","db_mode",0)
${tlsPort === 0 ? '' : `modparam("tls","config","${join(folder, 'tls.cfg')}")`}
modparam("rr","enable_full_lr",1)
modparam("auth","algorithm","${algorithm === 'MD5' ? '' : algorithm}")
request_route {
  if (!mf_process_maxfwd_header("10")) { sl_send_reply("483","Too Many Hops"); exit; }
  if (is_method("CANCEL")) { if (t_check_trans()) t_relay(); exit; }
  if (has_totag()) {
    if (loose_route()) { if (is_gruu()) lookup("location"); t_relay(); exit; }
    if (is_method("ACK")) { if (t_check_trans()) t_relay(); exit; }
    sl_send_reply("404","Not here"); exit;
  }
  if (is_method("REGISTER")) {
    if (!pv_www_authenticate("pbx.test","secret","0")) { www_challenge("pbx.test","1"); exit; }
    save("location"); exit;
  }
  if (is_method("INVITE")) {
    if (!pv_proxy_authenticate("pbx.test","secret","0")) { proxy_challenge("pbx.test","1"); exit; }
    consume_credentials();
    record_route();
  }
${routes.map((route) => `  if ($rU =~ "^${route.prefix}") { $du = "sip:127.0.0.1:${route.port};transport=${route.transport ?? 'udp'}"; t_relay(); exit; }`).join('\n')}
  if (!lookup("location")) { sl_send_reply("404","Not Found"); exit; }
  t_relay();
}
`;
}

function tlsConfiguration({ certificate, key }: PbxCertificate): string {
  return `[server:default]
method = TLSv1.2+
verify_certificate = no
private_key = ${key}
certificate = ${certificate}
[client:default]
method = TLSv1.2+
verify_certificate = no
`;
}

/** Kamailio in its own process. */
export class Kamailio {
  readonly port: number;
  /** 0: without TLS. */
  readonly tlsPort: number;
  readonly #process: ChildProcess;
  readonly #folder: string;
  #log = '';

  private constructor(process: ChildProcess, { port, tlsPort }: PbxPorts, folder: string) {
    this.#process = process;
    this.port = port;
    this.tlsPort = tlsPort;
    this.#folder = folder;
    process.stderr?.on('data', (chunk: Buffer) => {
      this.#log += chunk.toString();
    });
  }

  get log(): string {
    return this.#log;
  }

  static async start(routes: readonly PbxRoute[] = [], options: PbxOptions = {}): Promise<Kamailio> {
    const { tls } = options;
    const folder = await mkdtemp(join(tmpdir(), 'kamailio-'));
    const ports = { port: await freePort(), tlsPort: tls ? await freePort() : 0 };
    await writeFile(join(folder, 'kamailio.cfg'), configuration(ports, { ...options, routes, folder }));
    if (tls) {
      await writeFile(join(folder, 'tls.cfg'), tlsConfiguration(tls));
    }
    const args = ['-f', join(folder, 'kamailio.cfg'), '-DD', '-E', '-Y', folder, '-m', '64', '-M', '8'];
    const pbx = new Kamailio(
      spawn('kamailio', args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] }),
      ports,
      folder,
    );
    (await connectWhenUp(ports.port)).destroy();
    return pbx;
  }

  async stop(): Promise<void> {
    const gone = once(this.#process, 'exit');
    this.#process.kill('SIGTERM');
    await gone;
    await rm(this.#folder, { recursive: true, force: true });
  }
}
