import type { types } from 'mediasoup-client';

/** Loads mediasoup's device for a server's capabilities, once. */
export class DeviceLoader {
  readonly #create: () => Promise<types.Device>;
  /** The device for these capabilities, as JSON. */
  #loaded: { capabilities: string; device: Promise<types.Device> } | undefined;

  constructor(create: () => Promise<types.Device>) {
    this.#create = create;
  }

  load(routerRtpCapabilities: object): Promise<types.Device> {
    const capabilities = JSON.stringify(routerRtpCapabilities);
    if (this.#loaded?.capabilities === capabilities) {
      return this.#loaded.device;
    }
    const loaded = { capabilities, device: this.#load(routerRtpCapabilities) };
    this.#loaded = loaded;
    loaded.device.catch(() => {
      // The next attempt starts over.
      if (this.#loaded === loaded) {
        this.#loaded = undefined;
      }
    });
    return loaded.device;
  }

  async #load(routerRtpCapabilities: object): Promise<types.Device> {
    const device = await this.#create();
    await device.load({ routerRtpCapabilities: routerRtpCapabilities as types.RtpCapabilities });
    return device;
  }
}
