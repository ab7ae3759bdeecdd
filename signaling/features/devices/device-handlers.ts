import { CanopyError } from '../../../base/index.ts';
import { verifyChain } from '../../identity/index.ts';
import {
  AccountRate,
  type Handlers,
  type Kernel,
  type PeerPrincipal,
  requirePrincipal,
  type Session,
  type StrangerRate,
} from '../../kernel/index.ts';
import type { DEVICE_REQUESTS, RenewalRequest } from './contract.ts';
import type { DeviceExchanges } from './device-exchanges.ts';

/** Handlers for the devices of one's own account. */
export function deviceHandlers(
  kernel: Kernel,
  { exchanges, strangers }: { exchanges: DeviceExchanges; strangers: StrangerRate },
): Handlers<keyof typeof DEVICE_REQUESTS> {
  const { authority, devices, log, sockets, trust } = kernel;
  const offers = new AccountRate('codes for new devices', { perSecond: 0.1, burst: 20 });
  const lists = new AccountRate('lists of devices', { perSecond: 2, burst: 30 });
  const changes = new AccountRate('changes of devices', { perSecond: 0.1, burst: 20 });

  return {
    'device.offer': async (session, { exchangeId }) => {
      const principal = requireOwnAccount(session);
      if (!exchanges.has(exchangeId, principal)) {
        offers.take(principal);
      }
      return exchanges.offer(session, principal, exchangeId);
    },

    'device.request': async (session, { exchangeId, request }) => {
      if (kernel.draining) {
        throw new CanopyError('SERVER_CLOSING');
      }
      const network = session.holder.address ?? '';
      strangers.take(network);
      try {
        return exchanges.request(session, exchangeId, request);
      } catch (error) {
        strangers.guessed(network);
        throw error;
      }
    },

    'device.answer': async (session, { exchangeId, answer }) => {
      exchanges.answer(requireOwnAccount(session), exchangeId, answer);
      return {};
    },

    'device.confirm': async (session, { exchangeId, confirmation }) => {
      exchanges.confirm(session, exchangeId, confirmation);
      return {};
    },

    'device.cancel': async (session, { exchangeId }) => {
      exchanges.cancel(session, exchangeId);
      return {};
    },

    'device.list': async (session) => {
      const principal = requirePrincipal(session);
      lists.take(principal);
      const { accountId } = principal;
      const connected = new Set(
        sockets.principals
          .filter((each) => each.accountId === accountId)
          .map(({ device }) => device.deviceId),
      );
      const rows = await devices.of([accountId]);
      return {
        devices: rows.map((row) => ({
          deviceId: row.device_id,
          name: row.name,
          userAgent: row.user_agent,
          firstSeenAtMs: row.first_seen_at_ms,
          lastSeenAtMs: row.last_seen_at_ms,
          connected: connected.has(row.device_id),
          revoked: authority.revocation.isRevoked(row.device_id),
          ...(row.renewal_request !== null && {
            renewal: JSON.parse(row.renewal_request) as RenewalRequest,
          }),
        })),
      };
    },

    'device.rename': async (session, { deviceId, name }) => {
      const principal = requirePrincipal(session);
      changes.take(principal);
      await devices.update(principal.accountId, deviceId ?? principal.device.deviceId, { name });
      return {};
    },

    'device.revoke': async (session, { deviceId }) => {
      const { accountId, device } = changed(session);
      if (deviceId === device.deviceId) {
        throw new CanopyError('FORBIDDEN', 'a device cannot revoke itself');
      }
      await devices.require(accountId, deviceId);
      const result = await kernel.revoke(deviceId);
      exchanges.forget(accountId, deviceId);
      log.info({ accountId, deviceId, by: device.deviceId, ...result }, 'device revoked by its owner');
      return {};
    },

    'device.requestRenewal': async (session, { request }) => {
      const principal = changed(session);
      const { accountId, device } = principal;
      const { name, renewed_certificate } = await devices.require(accountId, device.deviceId);
      if (renewed_certificate !== null && renewed_certificate !== request.certificate) {
        return { certificate: renewed_certificate };
      }
      await devices.update(accountId, device.deviceId, { renewal_request: JSON.stringify(request) });
      const event = { deviceId: device.deviceId, name, request };
      sockets.sendToAccount(accountId, 'device.renewalRequested', event, session);
      return {};
    },

    'device.renew': async (session, { deviceId, certificate }) => {
      const { accountId, chain } = changed(session);
      await devices.require(accountId, deviceId);
      const renewed = [Buffer.from(certificate, 'base64'), ...chain.slice(1)];
      const verified = await verifyChain(renewed, trust, Date.now());
      if (verified.deviceId !== deviceId || verified.accountId !== accountId) {
        throw new CanopyError('CERT_UNTRUSTED', 'the certificate is not for this device');
      }
      await devices.update(accountId, deviceId, { renewal_request: null, renewed_certificate: certificate });
      sockets.sendToDevice(deviceId, 'device.renewed', { certificate });
      log.info({ accountId, deviceId }, 'certificate of a device renewed by another one');
      return {};
    },
  };

  /** The principal, which changes one of its account's devices. @throws {CanopyError} AUTH_REQUIRED, FORBIDDEN, RATE_LIMITED */
  function changed(session: Session): PeerPrincipal {
    const principal = requireOwnAccount(session);
    changes.take(principal);
    return principal;
  }
}

/**
 * A person whose account's key issues the certificates of their devices.
 *
 * @throws {CanopyError} AUTH_REQUIRED; FORBIDDEN - a bridge, or someone with a company's certificate
 */
function requireOwnAccount(session: Session): PeerPrincipal {
  const principal = requirePrincipal(session);
  if (principal.kind !== 'device' || principal.device.source !== 'invite') {
    throw new CanopyError('FORBIDDEN', 'certificates of these devices are not issued by an account');
  }
  return principal;
}
