import { availableParallelism } from 'node:os';
import { type Config, createLogger } from '../base/index.ts';
import { budgetsOf, codecsOf, listenAddresses, Sfu } from '../sfu/index.ts';
import { SignalingServer } from '../signaling/index.ts';
import { closeOnSignal } from './close-on-signal.ts';
import { GatewaySupervisor } from './gateway-supervisor.ts';
import { ownServerUrl } from './own-server-url.ts';
import { VERSION } from './version.ts';

/** Runs the conference server until it is told to stop. */
export async function serve(config: Config): Promise<void> {
  const log = createLogger(config.log);
  const sfu = await Sfu.create({
    workers: config.rtc.workers || availableParallelism(),
    rtcPort: config.rtc.port,
    listen: listenAddresses(config.rtc.announce),
    workerBin: config.rtc.workerBin ?? process.env.MEDIASOUP_WORKER_BIN,
    audibleSpeakers: config.media.audibleSpeakers,
    heartbeatMilliseconds: config.rtc.heartbeatMilliseconds,
    ...budgetsOf(config),
    mediaCodecs: codecsOf(config),
    log,
  });
  let signaling: SignalingServer;
  let phones: GatewaySupervisor | undefined;
  const furtherMetrics = async () => (await phones?.metricsPage()) ?? '';
  try {
    signaling = await SignalingServer.create({ config, log, sfu, version: VERSION, furtherMetrics });
  } catch (error) {
    await sfu.close();
    throw error;
  }
  try {
    if (config.sip.enabled) {
      phones = await GatewaySupervisor.start({ config, log, url: ownServerUrl(config, signaling.port) });
    }
  } catch (error) {
    await signaling.close();
    await sfu.close();
    throw error;
  }
  closeOnSignal({
    log,
    graceSeconds: config.server.drainSeconds + 5,
    drain: () => signaling.drain(),
    close: async () => {
      await phones?.close();
      await signaling.close();
      await sfu.close();
    },
  });
  const [link, ...others] = signaling.urls;
  const invitation = await signaling.firstInvitation();
  log.info({ version: VERSION, port: signaling.port, dataDir: config.data.dir }, 'canopy is ready');
  const lines = [`Canopy ${VERSION} is ready at ${link}`, ...others.map((url) => `  also ${url}`)];
  if (invitation !== null) {
    lines.push(
      '',
      'Nobody is enrolled yet. Open this one-time invitation in a browser (valid for a day):',
      '',
      `  ${invitation}`,
      '',
    );
    if (config.server.publicUrl === undefined && others.length > 0) {
      lines.push(`From another machine put one of the other addresses in the place of ${link}.`, '');
    }
  }
  process.stdout.write(`${lines.join('\n')}\n`);
}
