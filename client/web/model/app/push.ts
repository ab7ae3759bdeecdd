import { signal } from '@preact/signals';
import { CanopyError, type Client } from '../../../sdk/index.ts';
import { language } from '../../strings/index.ts';

/** Notifications of this device while no page is open, by the browser's push service. */
export class PushModel {
  readonly on = signal(false);
  readonly busy = signal(false);
  /** The user, or the browser, does not allow notifications. */
  readonly denied = signal(false);
  readonly problem = signal<CanopyError | undefined>(undefined);
  readonly #connect: () => Promise<Client>;

  constructor(connect: () => Promise<Client>) {
    this.#connect = connect;
  }

  /** Whether the browser can do this; most need HTTPS, and some that the page was installed. */
  get isSupported(): boolean {
    return 'serviceWorker' in navigator && 'PushManager' in window && 'Notification' in window;
  }

  /** Finds out whether this device is notified. */
  async load(): Promise<void> {
    const registration = await navigator.serviceWorker.getRegistration();
    this.on.value = (await registration?.pushManager.getSubscription()) != null;
  }

  async set(on: boolean): Promise<void> {
    this.busy.value = true;
    this.problem.value = undefined;
    try {
      await (on ? this.#subscribe() : this.#unsubscribe());
    } catch (error) {
      this.problem.value = CanopyError.from(error);
    } finally {
      this.busy.value = false;
    }
  }

  async #subscribe(): Promise<void> {
    this.denied.value = (await Notification.requestPermission()) !== 'granted';
    if (this.denied.value) {
      return;
    }
    const client = await this.#connect();
    await navigator.serviceWorker.register(`service-worker.js?lang=${language.value}`);
    const { pushManager } = await navigator.serviceWorker.ready;
    const subscription = await pushManager.subscribe({
      userVisibleOnly: true,
      applicationServerKey: await client.push.key(),
    });
    const { endpoint = '', keys: { p256dh = '', auth = '' } = {} } = subscription.toJSON();
    try {
      await client.push.subscribe({ endpoint, keys: { p256dh, auth } });
    } catch (error) {
      await subscription.unsubscribe();
      throw error;
    }
    this.on.value = true;
  }

  async #unsubscribe(): Promise<void> {
    const registration = await navigator.serviceWorker.getRegistration();
    const subscription = await registration?.pushManager.getSubscription();
    await (await this.#connect()).push.unsubscribe();
    await subscription?.unsubscribe();
    this.on.value = false;
  }
}
