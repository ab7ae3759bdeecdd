import type { EventData, RequestResult } from '../../../contract/index.ts';
import type { Connection } from '../connection.ts';
import { Emitter } from '../emitter.ts';
import {
  adoptRenewal,
  type Identity,
  type IdentityStore,
  issueRenewal,
  makeRenewalRequest,
} from '../identity/index.ts';
import { DeviceOffer } from './device-offer.ts';

/** A device of this account. */
export type OwnDevice = RequestResult<'device.list'>['devices'][number];

export interface OwnDevicesEvents {
  /** Another device needs a new certificate from one that holds the account's key. */
  renewalRequested: [EventData<'device.renewalRequested'>];
  /** Another device has issued this device's new certificate: pass it to adopt(). */
  renewed: [certificate: string];
}

/** The devices of the signed-in account: see Client.devices. */
export class OwnDevices extends Emitter<OwnDevicesEvents> {
  readonly #connection: Connection;
  readonly #identity: Identity;
  readonly #linkOrigin: string;

  /** @internal */
  constructor(connection: Connection, identity: Identity, linkOrigin: string) {
    super();
    this.#connection = connection;
    this.#identity = identity;
    this.#linkOrigin = linkOrigin;
    connection.on('device.renewalRequested', (event) => this.emit('renewalRequested', event));
    connection.on('device.renewed', ({ certificate }) => this.emit('renewed', certificate));
  }

  /** All devices that have signed in, last seen first. */
  async list(): Promise<OwnDevice[]> {
    return (await this.#connection.request('device.list', {})).devices;
  }

  /** Names a device, by default this one. @throws {CanopyError} IDENTITY_UNKNOWN, RATE_LIMITED */
  async rename(name: string, deviceId?: string): Promise<void> {
    await this.#connection.request('device.rename', { name, ...(deviceId !== undefined && { deviceId }) });
  }

  /** Revokes another device, at once. @throws {CanopyError} IDENTITY_UNKNOWN, FORBIDDEN - this device; RATE_LIMITED */
  async revoke(deviceId: string): Promise<void> {
    await this.#connection.request('device.revoke', { deviceId });
  }

  /**
   * Shows a code with which a new device can ask to be added. It replaces an earlier code.
   *
   * @throws {CanopyError} FORBIDDEN - a company's certificate; RATE_LIMITED, SERVER_BUSY
   */
  offer(): Promise<DeviceOffer> {
    return DeviceOffer.start(this.#connection, this.#identity, this.#linkOrigin);
  }

  /**
   * Asks the account's other devices for a new certificate, also those that connect later, and stores it if one of them has already issued
   * it. Returns whether it has.
   */
  async requestRenewal(store: IdentityStore): Promise<boolean> {
    const request = await makeRenewalRequest(this.#identity);
    const { certificate } = await this.#connection.request('device.requestRenewal', { request });
    if (certificate === undefined) {
      return false;
    }
    await this.adopt(certificate, store);
    return true;
  }

  /** Stores a certificate from another device. @throws {CanopyError} CERT_… - it is not from this account, or not for this device */
  adopt(certificate: string, store: IdentityStore): Promise<void> {
    return adoptRenewal(this.#identity, store, certificate);
  }

  /**
   * Issues a new certificate for another device of the account that asks for it.
   *
   * @param accountKey from AccountKey.unlock()
   * @throws {CanopyError} CERT_…, AUTH_STALE - the request is not from that device, or too old
   */
  async renew(asking: Pick<OwnDevice, 'deviceId' | 'renewal'>, accountKey: CryptoKey): Promise<void> {
    const { deviceId, renewal: request } = asking;
    if (request) {
      const certificate = await issueRenewal(this.#identity, accountKey, { deviceId, request });
      await this.#connection.request('device.renew', { deviceId, certificate });
    }
  }
}
