import { availableParallelism } from 'node:os';
import { type Config, createLogger, mayStreamLive } from '../base/index.ts';
import { AnnouncedHosts, announcedOf, budgetsOf, codecsOf, Sfu } from '../sfu/index.ts';
import {
  inUse,
  ownServerUrl,
  readAuthorities,
  readTlsFiles,
  runningServer,
  type SignalingServer,
  startSignaling,
} from '../signaling/index.ts';
import { BroadcasterSupervisor } from './broadcaster-supervisor.ts';
import { CaptionerSupervisor } from './captioner-supervisor.ts';
import { closeOnSignal } from './close-on-signal.ts';
import { GatewaySupervisor } from './gateway-supervisor.ts';
import { probePorts, requirePorts } from './ports.ts';
import { RecorderSupervisor } from './recorder-supervisor.ts';
import { VERSION } from './version.ts';

/** Runs the conference server until a signal stops it. */
export async function serve(config: Config): Promise<void> {
  const log = createLogger(config.log);
  const hosts = await checkStart(config);
  const sfu = await Sfu.create({
    workers: config.rtc.workers || availableParallelism(),
    rtcPort: config.rtc.port,
    listen: hosts.listen,
    workerBin: config.rtc.workerBin ?? process.env.MEDIASOUP_WORKER_BIN,
    audibleSpeakers: config.media.audibleSpeakers,
    heartbeatMilliseconds: config.rtc.heartbeatMilliseconds,
    ...budgetsOf(config),
    mediaCodecs: codecsOf(config),
    log,
  });
  let signaling: SignalingServer;
  let phones: GatewaySupervisor | undefined;
  const recorder = config.recording.enabled ? new RecorderSupervisor() : undefined;
  const captioner = config.captions.url === undefined ? undefined : new CaptionerSupervisor();
  const broadcaster = mayStreamLive(config.live) ? new BroadcasterSupervisor() : undefined;
  const furtherMetrics = async () => {
    const pages = await Promise.all([
      phones?.metricsPage(),
      recorder?.metricsPage(),
      captioner?.metricsPage(),
      broadcaster?.metricsPage(),
    ]);
    return pages.filter(Boolean).join('\n');
  };
  try {
    signaling = await startSignaling({
      config,
      log,
      sfu,
      version: VERSION,
      recorder,
      captioner,
      broadcaster,
      furtherMetrics,
    });
  } catch (error) {
    await sfu.close();
    throw error;
  }
  const url = ownServerUrl(config, signaling.port);
  // Side by side, since each takes a moment.
  const [recording, captioning, broadcasting, calling] = await Promise.allSettled([
    recorder?.open({ config, log, url }),
    captioner?.open({ config, log, url }),
    broadcaster?.open({ config, log, url }),
    config.sip.enabled ? GatewaySupervisor.start({ config, log, url }) : undefined,
  ]);
  if (calling.status === 'fulfilled') {
    phones = calling.value;
  }
  for (const part of [recording, captioning, broadcasting, calling]) {
    if (part.status === 'rejected') {
      await phones?.close();
      await recorder?.close();
      await captioner?.close();
      await broadcaster?.close();
      await signaling.close();
      await sfu.close();
      throw part.reason;
    }
  }
  hosts.watch(log, (listen) => sfu.announce(listen));
  closeOnSignal({
    log,
    graceSeconds: config.server.drainSeconds + 5,
    drain: () => signaling.drain(),
    close: async () => {
      hosts.close();
      await phones?.close();
      await recorder?.close();
      await captioner?.close();
      await broadcaster?.close();
      await signaling.close();
      await sfu.close();
    },
  });
  const invitation = await signaling.firstInvitation();
  const { port, apiPort } = signaling;
  log.info({ version: VERSION, port, apiPort, dataDir: config.data.dir }, 'canopy is ready');
  process.stdout.write(greeting(config, signaling.urls, invitation));
}

/**
 * Checks what could make the start fail, before anything is opened: another server on the folder, announced names, TLS files, and every port.
 * `canopy doctor` runs the same checks.
 *
 * @throws {CanopyError} DATA_IN_USE, CONFIG_INVALID, PORT_IN_USE
 */
async function checkStart(config: Config): Promise<AnnouncedHosts> {
  const { dir } = config.data;
  if (runningServer(dir)) {
    throw inUse(dir);
  }
  const { tls, tlsCert, tlsKey } = config.server;
  if (tls !== 'off' && tlsCert !== undefined && tlsKey !== undefined) {
    readTlsFiles({ tlsCert, tlsKey });
  }
  if (config.api.clientCa !== undefined) {
    readAuthorities('api.clientCa', config.api.clientCa);
  }
  const hosts = await AnnouncedHosts.resolve({ announce: announcedOf(config) });
  requirePorts(await probePorts(config, hosts.listen));
  return hosts;
}

/** The text printed for the operator at the start. */
function greeting(config: Config, [link, ...others]: string[], invitation: string | null): string {
  const lines = [`Canopy ${VERSION} is ready at ${link}`, ...others.map((url) => `  also ${url}`)];
  if (invitation !== null) {
    lines.push(
      '',
      'Nobody has an account yet. To become the administrator, open this one-time invitation in a browser (valid for a day):',
      '',
      `  ${invitation}`,
      '',
    );
    if (config.server.publicUrl === undefined && others.length > 0) {
      lines.push(`On another machine, replace ${link} with one of the other addresses.`);
      const { tls, tlsCert } = config.server;
      if (tls !== 'off' && tlsCert === undefined && config.acme.domains.length === 0) {
        lines.push(
          'Browsers there warn about the server’s own certificate; deploy/README.md says how to get one that they trust.',
        );
      }
      lines.push('');
    }
  }
  return `${lines.join('\n')}\n`;
}
