import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { workerBin as defaultWorkerBin, version as mediasoupVersion } from 'mediasoup';
import { CanopyError, type Config, createLogger, mayStreamLive } from '../base/index.ts';
import { missingForLive, missingForVideos } from '../recorder/index.ts';
import {
  AnnouncedHosts,
  addressScope,
  announcedOf,
  type ListenAddress,
  numbersProbesApart,
  Sfu,
} from '../sfu/index.ts';
import {
  AcmeFiles,
  caNotYetValid,
  checkDataDir,
  probeDatabase,
  probeRecordingStorage,
  probeSignOn,
  readAuthorities,
  readTlsFiles,
  readTrustFiles,
  runningServer,
  unusedDatabase,
} from '../signaling/index.ts';
import { Codecs, Dtls, loadHoldMusic, locatePrompts, openNetwork, Srtp } from '../sip-gateway/index.ts';
import { describePort, isForeignHost, type PortFinding, probeMediaPorts, probePorts } from './ports.ts';
import { VERSION } from './version.ts';

type Verdict = 'ok' | 'warn' | 'fail';

/** A certificate that expires sooner than this gets a warning, in days. */
const EXPIRY_WARNING_DAYS = 21;
/** Exit status of a worker that mediasoup did not start: a cheap way to check that it can run at all. */
const STANDALONE_WORKER_STATUS = 41;

/**
 * Checks everything that a start needs, as `canopy serve` does, and prints how to fix each problem. Returns whether nothing failed.
 */
export async function doctor(config: Config): Promise<boolean> {
  const counts = { ok: 0, warn: 0, fail: 0 };
  const say = (verdict: Verdict, subject: string, text: string) => {
    counts[verdict] += 1;
    process.stdout.write(`${verdict.padEnd(4)}  ${subject.padEnd(12)}  ${text}\n`);
  };
  say('ok', 'canopy', VERSION);
  const major = Number(process.versions.node.split('.')[0]);
  say(
    major >= 24 ? 'ok' : 'fail',
    'node',
    `${process.version}${major >= 24 ? '' : '; Node 24 or newer is required: npm start installs it'}`,
  );
  const running = checkData(config, say);
  await checkDatabase(config, say);
  await checkWorker(config, say);
  const hosts = await checkAnnounced(config, say);
  if (hosts) {
    await checkPorts(config, hosts.listen, running, say);
  }
  if (hosts) {
    await checkCandidates(config, hosts.listen, running, say);
  }
  await checkCertificates(config, say);
  await checkSignOn(config, say);
  await checkRecordingStorage(config, say);
  if (config.sip.enabled) {
    await checkPhones(config, running, say);
  }
  if (config.recording.enabled) {
    const missing = await missingForVideos();
    say(missing === undefined ? 'ok' : 'warn', 'videos', missing ?? 'ffmpeg can make videos of recordings');
  }
  if (mayStreamLive(config.live)) {
    const missing = await missingForLive();
    say(missing === undefined ? 'ok' : 'warn', 'live', missing ?? 'GStreamer is installed');
  }
  process.stdout.write(`${closing(counts, running !== null)}\n`);
  return counts.fail === 0;
}

function closing({ warn, fail }: Record<Verdict, number>, isRunning: boolean): string {
  const warnings = warn === 0 ? 'no warnings' : warn === 1 ? '1 warning' : `${warn} warnings`;
  if (fail > 0) {
    return `Not ready: ${fail === 1 ? '1 failure' : `${fail} failures`}, ${warnings}. See the lines that begin with fail.`;
  }
  return `${isRunning ? 'The server is running' : 'Ready to start'}: no failures, ${warnings}.`;
}

type Running = ReturnType<typeof runningServer>;

/** Checks the data folder and the server that runs on it. */
function checkData({ data: { dir } }: Config, say: Say): Running {
  try {
    if (!existsSync(dir)) {
      say('ok', 'data', `${dir} is created at the first start`);
      return null;
    }
    checkDataDir(dir);
    const running = runningServer(dir);
    say('ok', 'data', running ? `${dir}: ${describeServer(running)} is using it` : dir);
    return running;
  } catch (error) {
    const { detail, message } = CanopyError.from(error);
    say('fail', 'data', detail ?? message);
    return null;
  }
}

/** Connects to the database at `store.url`, if set. */
async function checkDatabase(config: Config, say: Say): Promise<void> {
  try {
    const database = await probeDatabase(config);
    if (database !== undefined) {
      const unused = unusedDatabase(config);
      if (unused !== undefined) {
        say('warn', 'database', unused);
      }
      const text = database.isEmpty ? 'is empty; its tables are created at the first start' : 'can be used';
      say('ok', 'database', `${database.where} ${text}`);
    }
  } catch (error) {
    const { detail, message } = CanopyError.from(error);
    say('fail', 'database', detail ?? message);
  }
}

/** Asks the provider for single sign-on for its description, if one is set. The server starts without it too. */
async function checkSignOn(config: Config, say: Say): Promise<void> {
  try {
    const probe = await probeSignOn(config);
    if (probe !== undefined) {
      const { issuer, redirectUri } = probe;
      say('ok', 'sign-on', `${issuer} answers; register ${redirectUri} there as redirect URI`);
      if (config.server.publicUrl === undefined) {
        say('warn', 'sign-on', 'set server.publicUrl: without it, sign-on works on this machine only');
      }
    }
  } catch (error) {
    const coded = CanopyError.from(error);
    const isAway = coded.code === 'SIGN_ON_UNAVAILABLE';
    // A server in use keeps trying.
    say(isAway ? 'warn' : 'fail', 'sign-on', coded.detail ?? coded.message);
  }
}

/** Writes, reads and deletes an object in the bucket for recordings, if one is set. The server starts without it too. */
async function checkRecordingStorage(config: Config, say: Say): Promise<void> {
  try {
    const probe = await probeRecordingStorage(config);
    if (probe === undefined) {
      return;
    }
    const { where, problem, isPlain } = probe;
    if (problem === undefined) {
      say('ok', 'recordings', `${where}: objects can be written, read and deleted`);
    } else {
      say('fail', 'recordings', problem);
    }
    if (isPlain) {
      say('warn', 'recordings', 'recording.s3Url: without https, recordings cross the network unencrypted');
    }
  } catch (error) {
    const { detail, message } = CanopyError.from(error);
    say('fail', 'recordings', detail ?? message);
  }
}

function describeServer(running: NonNullable<Running>): string {
  if (running.pid === null) {
    return 'a Canopy server';
  }
  const port = running.port === undefined ? '' : `, port ${running.port}`;
  return `a Canopy server (process ${running.pid} on ${running.host}${port})`;
}

async function checkAnnounced(config: Config, say: Say): Promise<AnnouncedHosts | null> {
  try {
    return await AnnouncedHosts.resolve({ announce: announcedOf(config) });
  } catch (error) {
    const { detail, message } = CanopyError.from(error);
    say('fail', 'announce', detail ?? message);
    return null;
  }
}

/** Prints one line per kind of port, and one per taken port. */
async function checkPorts(
  config: Config,
  listen: readonly ListenAddress[],
  running: Running,
  say: Say,
): Promise<void> {
  const findings = await probePorts(config, listen);
  for (const [subject, group] of Map.groupBy(findings, (finding) => finding.subject)) {
    const taken = group.filter(({ code }) => code !== null);
    if (taken.length === 0) {
      say('ok', subject, `${describeGroup(group)} free`);
    } else if (running && taken.every((finding) => holds(running, config, finding))) {
      say('ok', subject, `${describeGroup(group)} in use by this folder’s server`);
    } else {
      for (const finding of taken) {
        if (isForeignHost(finding)) {
          say(
            'fail',
            subject,
            `${finding.hostKey}: ${finding.host} is not an address of this machine (${finding.code})`,
          );
        } else {
          say('fail', subject, describePort(finding));
        }
      }
    }
  }
}

function describeGroup(group: readonly PortFinding[]): string {
  const ports = [...new Set(group.map(({ port }) => port))];
  const protocols = [...new Set(group.map(({ protocol }) => protocol))].join(' and ');
  const [first = 0] = ports;
  const hosts = [...new Set(group.map(({ host }) => host))].join(', ');
  return ports.length === 1
    ? `${protocols} ${hosts} port ${first} is`
    : `${protocols} ${hosts} ports ${first} to ${ports.at(-1)} are`;
}

/** Whether the running server has this taken port. SIP ports are attributed to it if it runs on the configured HTTPS port. */
function holds(running: NonNullable<Running>, config: Config, { subject, port }: PortFinding): boolean {
  if (running.pid === null) {
    return false;
  }
  if (subject === 'port') {
    return running.port === port;
  }
  if (subject === 'rtc ports') {
    const { rtc } = running;
    return rtc !== undefined && port >= rtc.port && port < rtc.port + rtc.workers;
  }
  return running.port === config.server.port;
}

/** Checks codecs, UDP, SRTP, prompts, hold music, and the media ports of phones. */
async function checkPhones(config: Config, running: Running, say: Say): Promise<void> {
  const library = await Codecs.load();
  const { capabilities } = library;
  const codecs = `${capabilities.codecs.join(', ')} (${capabilities.implementation}, ${capabilities.opusVersion})`;
  say(capabilities.reason === undefined ? 'ok' : 'warn', 'codecs', codecs);
  if (capabilities.reason !== undefined) {
    say('warn', 'codecs', capabilities.reason);
  }
  const network = openNetwork();
  const { implementation, reason } = network.capabilities;
  network.close();
  say(reason === undefined ? 'ok' : 'warn', 'phone UDP', implementation);
  if (reason !== undefined) {
    say('warn', 'phone UDP', reason);
  }
  const srtp = Srtp.load();
  say(srtp.reason === undefined ? 'ok' : 'warn', 'phone SRTP', srtp.reason ?? srtp.suites.join(', '));
  const { reason: noDtls } = Dtls.load();
  say(noDtls === undefined ? 'ok' : 'warn', 'phone DTLS', noDtls ?? 'OpenSSL');
  const prompts = locatePrompts();
  say(
    prompts === null ? 'warn' : 'ok',
    'prompts',
    prompts ?? 'callers hear tones instead of words: install espeak-ng, and npm start makes the prompts',
  );
  const { holdMusic } = config.sip;
  if (holdMusic !== undefined) {
    await loadHoldMusic(holdMusic, library).then(
      () => say('ok', 'hold music', holdMusic),
      (error: unknown) => say('fail', 'hold music', CanopyError.from(error).detail ?? holdMusic),
    );
  }
  const { sound, text } = await probeMediaPorts(config);
  say(
    sound || running ? 'ok' : 'warn',
    'rtp ports',
    sound || !running ? text : `${text} (current calls use some)`,
  );
}

type Say = (verdict: Verdict, subject: string, text: string) => void;

async function checkWorker(config: Config, say: Say): Promise<void> {
  const program = config.rtc.workerBin ?? process.env.MEDIASOUP_WORKER_BIN ?? defaultWorkerBin;
  try {
    await promisify(execFile)(program, { env: {} });
    say(
      'fail',
      'worker',
      `${program} is not a mediasoup worker; unset MEDIASOUP_WORKER_BIN and rtc.workerBin, and npm start builds one`,
    );
  } catch (error) {
    const { code } = error as { code?: number | string };
    if (code === STANDALONE_WORKER_STATUS) {
      say('ok', 'worker', `mediasoup ${mediasoupVersion}, ${program}`);
      await checkProbes(program, say);
    } else {
      say('fail', 'worker', `${program} cannot run (${code}); npm start builds it`);
    }
  }
}

async function checkProbes(program: string, say: Say): Promise<void> {
  try {
    if (await numbersProbesApart(program)) {
      return;
    }
    say(
      'warn',
      'worker',
      'it numbers the bandwidth probes of all receivers together, so large video recovers slowly after a drop in bandwidth; ' +
        'unset MEDIASOUP_WORKER_BIN and rtc.workerBin, and npm start builds one without this fault',
    );
  } catch (error) {
    say('warn', 'worker', `its bandwidth probes could not be checked: ${(error as Error).message}`);
  }
}

/** Reads the candidates from a real transport: on the configured ports if they are free, else on other ports but shown as configured. */
async function checkCandidates(
  config: Config,
  listen: ListenAddress[],
  running: Running,
  say: Say,
): Promise<void> {
  const log = createLogger({ level: 'silent', format: 'json' });
  const workerBin = config.rtc.workerBin ?? process.env.MEDIASOUP_WORKER_BIN;
  const open = (rtcPort: number) => Sfu.create({ workers: 1, rtcPort, listen, workerBin, log });
  let sfu: Sfu;
  try {
    sfu = await open(running ? 0 : config.rtc.port).catch(() => open(0));
  } catch (error) {
    const { detail, message } = CanopyError.from(error);
    say('fail', 'candidates', `no media worker could start: ${detail ?? message}`);
    return;
  }
  try {
    await sfu.openRoom('doctor');
    const { iceCandidates } = await sfu.createTransport('doctor', 'doctor', { direction: 'send' });
    const scopes = new Set(iceCandidates.map(({ address }) => addressScope(address)));
    for (const { protocol, address, port, type } of iceCandidates) {
      const shown = config.rtc.port || port;
      say('ok', 'candidate', `${protocol} ${address} port ${shown}, ${type}, ${addressScope(address)}`);
    }
    if (!scopes.has('public')) {
      const who = scopes.has('private') ? 'the local network' : 'this machine';
      say(
        'warn',
        'candidates',
        `only people on ${who} can reach the media; set the public address with --announce`,
      );
    }
  } finally {
    await sfu.close();
  }
}

async function checkCertificates({ acme, api, server, data, identity }: Config, say: Say): Promise<void> {
  const own = [
    {
      file: join(data.dir, 'ca.pem'),
      what: 'own CA',
      renewal: 'without it nobody can sign in: move the data folder away, restart and invite everybody again',
    },
    ...(server.tlsCert === undefined
      ? [{ file: join(data.dir, 'tls.pem'), what: 'own TLS', renewal: 'the server renews it when it starts' }]
      : []),
  ];
  for (const { file, what, renewal } of own) {
    if (existsSync(file)) {
      checkCertificate({ file, what, renewal }, say);
    } else {
      say('ok', 'certificate', `${what}: ${file} is created at the first start`);
    }
  }
  if (acme.domains.length > 0) {
    checkAcme(acme, new AcmeFiles(data.dir), say);
  }
  checkTlsFiles(server, say);
  checkClientAuthorities(api, say);
  await checkTrustFiles(identity, say);
  const given = [
    {
      file: server.tls === 'off' ? undefined : server.tlsCert,
      what: 'TLS',
      renewal: 'renew it: the server reloads the file automatically',
    },
    {
      file: identity.caBundle,
      what: 'trusted CA',
      renewal: 'replace it: the server reloads the file automatically',
    },
    {
      file: api.clientCa,
      what: 'CA of API clients',
      renewal: 'replace it: the server reloads the file automatically',
    },
  ];
  for (const { file, what, renewal } of given) {
    if (file !== undefined) {
      checkCertificate({ file, what, renewal }, say);
    }
  }
}

/** Shows the certificate from the ACME authority, and why there is none or no newer one. */
function checkAcme({ domains, directory }: Config['acme'], files: AcmeFiles, say: Say): void {
  const names = domains.join(', ');
  const certificate = files.certificate(domains);
  const days = Math.floor(((certificate?.notAfterMs ?? 0) - Date.now()) / 86_400_000);
  if (certificate) {
    say('ok', 'certificate', `ACME: ${names}, expires in ${days} days`);
  }
  const { problem } = files.status;
  if (problem !== '') {
    say('warn', 'certificate', `ACME: the latest attempt for ${names} at ${directory} failed: ${problem}`);
  } else if (!certificate) {
    say('ok', 'certificate', `ACME: the running server gets one for ${names} at ${directory}`);
  }
}

/** Checks the operator's TLS files as the server does at its start. */
function checkTlsFiles({ tls, tlsCert, tlsKey }: Config['server'], say: Say): void {
  if (tls === 'off' || tlsCert === undefined || tlsKey === undefined) {
    return;
  }
  try {
    readTlsFiles({ tlsCert, tlsKey });
  } catch (error) {
    const { detail, message } = CanopyError.from(error);
    say('fail', 'certificate', detail ?? message);
  }
}

/** Reads the authorities for the clients of the API as the server does at its start. */
function checkClientAuthorities({ clientCa }: Config['api'], say: Say): void {
  if (clientCa === undefined) {
    return;
  }
  try {
    readAuthorities('api.clientCa', clientCa);
  } catch (error) {
    const { detail, message } = CanopyError.from(error);
    say('fail', 'certificate', detail ?? message);
  }
}

/** Reads the trust files as the server does at its start. */
async function checkTrustFiles({ policy, caBundle, crl }: Config['identity'], say: Say): Promise<void> {
  try {
    await readTrustFiles({ policy, caBundleFile: caBundle, crlFile: crl });
  } catch (error) {
    const { detail, message } = CanopyError.from(error);
    say('fail', 'certificate', detail ?? message);
  }
}

/** Checks a certificate's validity. @param certificate `renewal`: what to do when it expires */
function checkCertificate(
  { file, what, renewal }: { file: string; what: string; renewal: string },
  say: Say,
): void {
  try {
    const certificate = new X509Certificate(readFileSync(file));
    const days = Math.floor((certificate.validToDate.getTime() - Date.now()) / 86_400_000);
    const until = `${what}: ${file}, ${certificate.subject.replaceAll('\n', ', ')}, expires in ${days} days`;
    const verdict = days < 0 ? 'fail' : days < EXPIRY_WARNING_DAYS ? 'warn' : 'ok';
    // The server renews it in time, or at its next start.
    if (what === 'own TLS') {
      say('ok', 'certificate', verdict === 'ok' ? until : `${until}; ${renewal}`);
    } else {
      say(verdict, 'certificate', verdict === 'ok' ? until : `${until}; ${renewal}`);
    }
    if (certificate.validFromDate.getTime() > Date.now() && what !== 'own TLS') {
      say(
        'fail',
        'certificate',
        what === 'own CA'
          ? caNotYetValid(certificate.validFromDate.getTime())
          : `${what}: ${file} is not valid before ${certificate.validFrom}; is the clock right?`,
      );
    }
  } catch (error) {
    say('fail', 'certificate', `${what}: ${file}: ${(error as Error).message}`);
  }
}
