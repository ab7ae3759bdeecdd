import { CanopyError, type Config, type Logger } from '../base/index.ts';
import { BridgeSession, GatewayLink, type Identity } from '../client/sdk/index.ts';
import { openTlsSource } from '../signaling/index.ts';
import { CallSnapshots, SipGateway, type SipGatewayOptions } from '../sip-gateway/index.ts';
import { gatewayIdentity } from './own-identity.ts';

export interface StartGatewayOptions {
  config: Config;
  log: Logger;
  /** URL of the server on this host. */
  url: string;
}

type Snapshots = NonNullable<SipGatewayOptions['restart']>['snapshots'];

/** A running gateway. */
export interface RunningGateway {
  gateway: SipGateway;
  close(): Promise<void>;
}

/** Connects a phone gateway to a server and opens its ports. @throws {CanopyError} PORT_IN_USE, CONFIG_INVALID, CONNECTION_LOST … */
export async function startGateway({ config, log, url }: StartGatewayOptions): Promise<RunningGateway> {
  const snapshots: Snapshots = new CallSnapshots(config.data.dir, log);
  const before = await snapshots.load();
  const callIds = before.calls.map(({ callId }) => callId);
  const { identity, link } = await connect(config, url, callIds);
  const tls = await openTlsSource(config, log);
  try {
    const gateway = await SipGateway.create({
      sip: config.sip,
      origins: config.server.origins,
      announce: config.rtc.announce[0],
      link,
      joinRoom: (roomId, encryption) => BridgeSession.join({ url, identity, roomId, encryption }),
      tls: await tls.load(),
      dataDir: config.data.dir,
      restart: { snapshots, before },
      log,
    });
    tls.watch((certificate) => gateway.setCertificate(certificate));
    const { codecs, srtp, dtls, spokenPrompts } = gateway.capabilities;
    const listening = gateway.bound.map(
      ({ protocol, local }) => `${protocol} ${local.address} ${local.port}`,
    );
    log.info(
      { listening, codecs: codecs.codecs, srtp: srtp.suites, dtls: dtls.reason === undefined, spokenPrompts },
      'phone gateway is ready',
    );
    for (const { reason } of [codecs, srtp, dtls]) {
      if (reason !== undefined) {
        log.warn(reason);
      }
    }
    return {
      gateway,
      close: async () => {
        tls.close();
        await gateway.close();
      },
    };
  } catch (error) {
    tls.close();
    link.close();
    throw error;
  }
}

/**
 * Connects with the gateway's identity. If that was revoked (e.g. because its key leaked) or is not the data folder's gateway (made by an
 * older version), creates a new one, which it may do as the owner of the folder.
 */
async function connect(
  config: Config,
  url: string,
  callIds: string[],
): Promise<{ identity: Identity; link: GatewayLink }> {
  const kept = await gatewayIdentity(config, url);
  try {
    return { identity: kept, link: await GatewayLink.connect({ url, identity: kept, callIds }) };
  } catch (error) {
    if (!['CERT_REVOKED', 'FORBIDDEN'].includes(CanopyError.from(error).code)) {
      throw error;
    }
    const identity = await gatewayIdentity(config, url, { renew: true });
    return { identity, link: await GatewayLink.connect({ url, identity, callIds }) };
  }
}
