import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { workerBin as defaultWorkerBin, version as mediasoupVersion } from 'mediasoup';
import { CanopyError, type Config, createLogger } from '../base/index.ts';
import { addressScope, listenAddresses, numbersProbesApart, Sfu } from '../sfu/index.ts';
import { Codecs, locatePrompts, openNetwork } from '../sip-gateway/index.ts';
import { probePhonePorts } from './phone-ports.ts';
import { VERSION } from './version.ts';

type Verdict = 'ok' | 'warn' | 'fail';

/** A certificate that expires sooner than this is warned of, in days. */
const EXPIRY_WARNING_DAYS = 21;
/** A worker that was not started by mediasoup ends with this status: a cheap way to see that it can run at all. */
const WORKER_STATUS_BY_HAND = 41;

/** Looks at everything that a start needs and says what to do about what is wrong. Returns whether nothing failed. */
export async function doctor(config: Config): Promise<boolean> {
  let sound = true;
  const say = (verdict: Verdict, subject: string, text: string) => {
    sound &&= verdict !== 'fail';
    process.stdout.write(`${verdict.padEnd(4)}  ${subject.padEnd(12)}  ${text}\n`);
  };
  say('ok', 'canopy', VERSION);
  const major = Number(process.versions.node.split('.')[0]);
  say(
    major >= 24 ? 'ok' : 'fail',
    'node',
    `${process.version}${major >= 24 ? '' : '; Node 24 or newer is needed: npm start installs it'}`,
  );
  await checkWorker(config, say);
  await checkHttpPort(config, say);
  await checkCandidates(config, say);
  checkCertificates(config, say);
  if (config.sip.enabled) await checkPhones(config, say);
  return sound;
}

/** Codecs, UDP, prompts, the ports of SIP and of phones' media. */
async function checkPhones(config: Config, say: Say): Promise<void> {
  const { capabilities } = await Codecs.load();
  const codecs = `${capabilities.codecs.join(', ')} (${capabilities.implementation}, ${capabilities.opusVersion})`;
  say(capabilities.reason === undefined ? 'ok' : 'warn', 'codecs', codecs);
  if (capabilities.reason !== undefined) say('warn', 'codecs', capabilities.reason);
  const network = openNetwork();
  const { implementation, reason } = network.capabilities;
  network.close();
  say(reason === undefined ? 'ok' : 'warn', 'phone UDP', implementation);
  if (reason !== undefined) say('warn', 'phone UDP', reason);
  const prompts = locatePrompts();
  say(
    prompts === null ? 'warn' : 'ok',
    'prompts',
    prompts ?? 'callers hear tones in place of words: install espeak-ng, then npm start makes the prompts',
  );
  for (const { subject, sound, text } of await probePhonePorts(config)) {
    say(sound ? 'ok' : 'warn', subject, text);
  }
}

type Say = (verdict: Verdict, subject: string, text: string) => void;

async function checkWorker(config: Config, say: Say): Promise<void> {
  const program = config.rtc.workerBin ?? process.env.MEDIASOUP_WORKER_BIN ?? defaultWorkerBin;
  try {
    await promisify(execFile)(program, { env: {} });
    say(
      'fail',
      'worker',
      `${program} is no mediasoup worker; unset MEDIASOUP_WORKER_BIN and rtc.workerBin, and npm start gets one`,
    );
  } catch (error) {
    const { code } = error as { code?: number | string };
    if (code === WORKER_STATUS_BY_HAND) {
      say('ok', 'worker', `mediasoup ${mediasoupVersion}, ${program}`);
      await checkProbes(program, say);
    } else {
      say('fail', 'worker', `${program} cannot run (${code}); npm start builds it`);
    }
  }
}

async function checkProbes(program: string, say: Say): Promise<void> {
  try {
    if (await numbersProbesApart(program)) return;
    say(
      'warn',
      'worker',
      'its bandwidth probes are numbered together, so that large pictures come back late after a narrow moment of the network; ' +
        'unset MEDIASOUP_WORKER_BIN and rtc.workerBin, and npm start builds one that has this mended',
    );
  } catch (error) {
    say('warn', 'worker', `its bandwidth probes could not be looked at: ${(error as Error).message}`);
  }
}

async function checkHttpPort({ server: { host, port } }: Config, say: Say): Promise<void> {
  const probe = createServer();
  const problem = await new Promise<NodeJS.ErrnoException | null>((resolve) => {
    probe.once('error', resolve);
    probe.listen({ host, port }, () => probe.close(() => resolve(null)));
  });
  if (problem) {
    say(
      'warn',
      'port',
      `TCP ${host} port ${port}: ${problem.code} (a running Canopy holds its ports; else choose another with --port)`,
    );
  } else {
    say('ok', 'port', `TCP ${host} port ${port} is free for HTTPS and signalling`);
  }
}

/** Reads the candidates from a real transport, on the configured ports where they are free. */
async function checkCandidates(config: Config, say: Say): Promise<void> {
  const workers = config.rtc.workers || availableParallelism();
  const log = createLogger({ level: 'silent', format: 'json' });
  const listen = listenAddresses(config.rtc.announce);
  const workerBin = config.rtc.workerBin ?? process.env.MEDIASOUP_WORKER_BIN;
  const open = (rtcPort: number, count: number) =>
    Sfu.create({ workers: count, rtcPort, listen, workerBin, log });
  const last = config.rtc.port + workers - 1;
  let sfu: Sfu;
  try {
    sfu = await open(config.rtc.port, workers);
    say('ok', 'rtc ports', `UDP and TCP ${config.rtc.port} to ${last} are free for ${workers} media workers`);
  } catch (error) {
    const { detail, message } = CanopyError.from(error);
    say(
      'warn',
      'rtc ports',
      `${config.rtc.port} to ${last}: ${detail ?? message} (a running Canopy holds its ports; else choose others with --rtc-port)`,
    );
    try {
      sfu = await open(0, 1);
    } catch (again) {
      const { detail: why, message: sentence } = CanopyError.from(again);
      say('fail', 'candidates', `no media worker starts: ${why ?? sentence}`);
      return;
    }
  }
  try {
    await sfu.openRoom('doctor');
    const { iceCandidates } = await sfu.createTransport('doctor', 'doctor', { direction: 'send' });
    const scopes = new Set(iceCandidates.map(({ address }) => addressScope(address)));
    for (const { protocol, address, port, type } of iceCandidates) {
      say('ok', 'candidate', `${protocol} ${address} port ${port}, ${type}, ${addressScope(address)}`);
    }
    if (!scopes.has('public') && !scopes.has('name')) {
      const who = scopes.has('private') ? 'the local network' : 'this machine';
      say(
        'warn',
        'candidates',
        `only people on ${who} can reach the media; name the public address with --announce`,
      );
    }
  } finally {
    await sfu.close();
  }
}

function checkCertificates({ server, data, identity }: Config, say: Say): void {
  const own = [
    {
      file: join(data.dir, 'ca.pem'),
      what: 'own CA',
      renewal: 'without it nobody gets in: move the data folder away, start anew and invite everybody again',
    },
    ...(server.tlsCert === undefined
      ? [{ file: join(data.dir, 'tls.pem'), what: 'own TLS', renewal: 'the server renews it at its start' }]
      : []),
  ];
  for (const { file, what, renewal } of own) {
    if (existsSync(file)) {
      checkCertificate({ file, what, renewal }, say);
    } else {
      say('ok', 'certificate', `${what}: ${file} is made at the first start`);
    }
  }
  const given = [
    { file: server.tlsCert, what: 'TLS', renewal: 'renew it: the server takes the new file up by itself' },
    {
      file: identity.caBundle,
      what: 'trusted CA',
      renewal: 'replace it: the server takes the new file up by itself',
    },
  ];
  for (const { file, what, renewal } of given) {
    if (file !== undefined) {
      checkCertificate({ file, what, renewal }, say);
    }
  }
}

/** @param certificate `renewal`: what to do when it expires */
function checkCertificate(
  { file, what, renewal }: { file: string; what: string; renewal: string },
  say: Say,
): void {
  try {
    const certificate = new X509Certificate(readFileSync(file));
    const days = Math.floor((certificate.validToDate.getTime() - Date.now()) / 86_400_000);
    const until = `${what}: ${file}, ${certificate.subject.replaceAll('\n', ', ')}, expires in ${days} days`;
    const verdict = days < 0 ? 'fail' : days < EXPIRY_WARNING_DAYS && what !== 'own TLS' ? 'warn' : 'ok';
    say(verdict, 'certificate', verdict === 'ok' ? until : `${until}; ${renewal}`);
  } catch (error) {
    say('fail', 'certificate', `${what}: ${file}: ${(error as Error).message}`);
  }
}
