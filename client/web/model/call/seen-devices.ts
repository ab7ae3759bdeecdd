const STORAGE_KEY = 'canopy.seen-devices';
/** Maximum number of accounts, and of devices of each, that are remembered; the oldest are forgotten. */
const MAX_ACCOUNTS = 500;
const MAX_DEVICES = 20;

type Seen = Record<string, string[]>;

/** The devices that this browser has seen in encrypted calls, by account. */
export class SeenDevices {
  readonly #storage: Pick<Storage, 'getItem' | 'setItem'> | undefined;

  /** @param storage default: the browser's, if it stores anything */
  constructor(storage: Pick<Storage, 'getItem' | 'setItem'> | undefined = browserStorage()) {
    this.#storage = storage;
  }

  /** Remembers a device. Returns whether it is new: others of the account were seen before, and this one was not. */
  see(accountId: string, deviceId: string): boolean {
    const { [accountId]: devices = [], ...others } = this.#read();
    const kept = [...devices.filter((each) => each !== deviceId), deviceId].slice(-MAX_DEVICES);
    const seen = Object.entries(others).slice(1 - MAX_ACCOUNTS);
    try {
      this.#storage?.setItem(STORAGE_KEY, JSON.stringify(Object.fromEntries([...seen, [accountId, kept]])));
    } catch {
      // There is no space left.
    }
    return devices.length > 0 && !devices.includes(deviceId);
  }

  #read(): Seen {
    try {
      return JSON.parse(this.#storage?.getItem(STORAGE_KEY) ?? '{}');
    } catch {
      return {};
    }
  }
}

function browserStorage(): Storage | undefined {
  try {
    return localStorage;
  } catch {
    return undefined;
  }
}
